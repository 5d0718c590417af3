//! What is said in words: advice, alerts, registered figures.

use super::markup::Markup;
use crate::format::{Count, Figure, Time};
use crate::report::Report;
use crate::summary::Summary;

pub(super) fn advice(page: &mut Markup, report: &Report) {
    page.raw("<section><h2>Advice</h2>\n");
    if report.suggestions.is_empty() {
        page.raw("<p class=\"dim\">None: no rule found evidence enough.</p>");
    } else {
        page.raw("<ul class=\"notes\">");
        for advice in &report.suggestions {
            page.raw("<li><p><code>").text(advice.function()).raw("</code> <span class=\"tag\">").show(advice.rule());
            page.raw("</span></p><p>").text(advice.message()).raw("</p><p><b>Try:</b> ").text(advice.remedy());
            page.raw("; saves at most ").show(Time::from(advice.gain()));
            page.raw(&format!(" ({:.1} % of the profiled time)</p>", 100.0 * advice.gain_share()));
            page.raw("<p class=\"dim\">").text(advice.file()).raw(":").show(advice.line()).raw(", from ");
            page.show(Count(advice.samples())).raw(" calls, confidence ").show(advice.confidence()).raw("</p></li>");
        }
        page.raw("</ul>");
    }
    page.raw("</section>\n");
}

pub(super) fn alerts(page: &mut Markup, report: &Report) {
    if report.alerts.is_empty() {
        return;
    }
    page.raw("<section><h2>Alerts</h2>\n<ul class=\"notes alerts\">");
    for alert in &report.alerts {
        page.raw("<li><p>").show(alert).raw("</p></li>");
    }
    page.raw("</ul></section>\n");
}

pub(super) fn figures(page: &mut Markup, summary: &Summary) {
    if summary.figures.is_empty() {
        return;
    }
    page.raw("<section><h2>Registered figures</h2>\n<div class=\"grid\">");
    for set in &summary.figures {
        page.raw("<div class=\"box\"><h3>").text(set.name()).raw("</h3><table class=\"plain\"><tbody>");
        for (name, value) in set.values() {
            page.raw("<tr><th scope=\"row\">").text(name).raw("</th><td>").show(Figure(value)).raw("</td></tr>");
        }
        page.raw("</tbody></table></div>");
    }
    page.raw("</div></section>\n");
}
