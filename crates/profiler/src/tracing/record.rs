//! What the layer does when something happens to a span.

use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::span::{Attributes, Id};
use tracing_core::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::{ProfilerLayer, callsites};
use crate::engine::{Moment, VisitedCall, aside};

/// What is kept with a span.
struct Profiled {
    /// The layer that put it there.
    layer: u64,
    call: VisitedCall,
}

static NEXT: AtomicU64 = AtomicU64::new(0);

pub(super) fn number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl ProfilerLayer {
    fn with_call<S>(&self, id: &Id, context: &Context<'_, S>, act: impl FnOnce(&mut VisitedCall))
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = context.span(id) else { return };
        if let Some(profiled) = span.extensions_mut().get_mut::<Profiled>().filter(|it| it.layer == self.number) {
            act(&mut profiled.call);
        }
    }
}

impl<S> Layer<S> for ProfilerLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        if extensions.get_mut::<Profiled>().is_some() {
            return;
        }
        let Some(site) = aside(|| callsites::site(attributes.metadata())) else { return };
        if let Some(call) = VisitedCall::new(site) {
            aside(|| extensions.insert(Profiled { layer: self.number, call }));
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.with_call(id, &context, VisitedCall::enter);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let end = Moment::now();
        self.with_call(id, &context, |call| call.exit(end));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR
            && let Some(span) = context.event_span(event)
        {
            self.with_call(&span.id(), &context, VisitedCall::fail);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let mut extensions = span.extensions_mut();
        if extensions.get_mut::<Profiled>().is_some_and(|it| it.layer == self.number) {
            let profiled = aside(|| extensions.remove::<Profiled>()).flatten();
            drop(extensions);
            if let Some(Profiled { call, .. }) = profiled {
                call.close();
            }
        }
    }
}
