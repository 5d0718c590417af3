//! Spans of the `tracing` crate as profiled places; with the feature `tracing`.

#[cfg(feature = "enabled")]
mod callsites;
#[cfg(feature = "enabled")]
mod record;

/// A layer that profiles every span of a program that is instrumented with `tracing`.
///
/// Each callsite becomes a place in the [`summary`](crate::summary()), under the span's name, its target as module. A span
/// counts as a call when it is first entered, runs while it is entered, and lasts from there until it is left for the last
/// time; the call is recorded when the span closes. A span that is entered more than once, as that of a future is, has as many
/// polls; `tracing` itself enters once more when the future is dropped. An event of level `ERROR` makes the innermost span
/// around it a failed call, so `#[instrument(err)]` counts errors. A panic counts for the spans it leaves. That a future was
/// dropped early cannot be told from its end.
///
/// Which spans are profiled is for the usual filters to say. Spans of ours may lie in them, and they in ours. What the subscriber
/// does between the layers is part of the times: `span!` and `#[profile]` are the cheaper and sharper probes.
///
/// The subscriber must be built on a registry. One of these layers is enough: of two on one registry the second finds the
/// spans taken.
///
/// ```
/// # use lagom_profiler as profiler;
/// use profiler::tracing::ProfilerLayer;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// #[tracing::instrument]
/// fn parse(text: &str) -> usize {
///     text.split(',').count()
/// }
///
/// // A program would say `.init()`.
/// let subscriber = tracing_subscriber::registry().with(ProfilerLayer::new());
/// tracing::subscriber::with_default(subscriber, || parse("1,2,3"));
/// # #[cfg(feature = "enabled")]
/// assert_eq!(profiler::summary().get("parse").unwrap().calls(), 1);
/// ```
#[derive(Debug)]
pub struct ProfilerLayer {
    /// Tells it from other layers of its kind; a span belongs to one.
    #[cfg(feature = "enabled")]
    number: u64,
}

impl ProfilerLayer {
    /// A layer to put on a registry.
    ///
    /// ```
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let subscriber = tracing_subscriber::registry().with(lagom_profiler::tracing::ProfilerLayer::new());
    /// # drop(subscriber);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "enabled")]
            number: record::number(),
        }
    }
}

impl Default for ProfilerLayer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(not(feature = "enabled"))]
impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for ProfilerLayer {}
