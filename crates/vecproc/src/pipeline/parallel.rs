//! Pipelines on several threads.

use rayon::prelude::*;

use super::Pipeline;
use super::run::range_through;
use crate::error::{LengthError, ProcessError};
use crate::input::{Input, Output};

/// Elements that one thread takes at a time, at least. Of no influence on results.
const CHUNK: usize = 1 << 16;

impl Pipeline {
    /// [`process_batch`](Self::process_batch) on the threads of rayon's pool, with the same bits.
    ///
    /// Worth it for windows: where every operation looks back at a limited number of elements (rolling ones, `lag`,
    /// `difference`, those of one element by itself), each thread takes chunks of 65,536 elements or eight times as many
    /// as they look back at, whichever is more, and looks at what is before them again. Where one looks back at all
    /// (cumulative and expanding ones, [`ewma`](Self::ewma), [`chunked_mean`](Self::chunked_mean), filling forward)
    /// nothing is gained by threads, as one core nearly fills the memory, and it runs on the calling one.
    ///
    /// # Errors
    ///
    /// As [`process_batch`](Self::process_batch).
    ///
    /// # Examples
    ///
    /// ```
    /// let x = vec![1.0; 200_000];
    /// let mut out = vec![0.0; x.len()];
    /// lagom_vecproc::Pipeline::new().rolling_std(50, 1).par_process_batch(&x, &mut out)?;
    /// assert_eq!(out[199_999], 0.0);
    /// # Ok::<(), lagom_vecproc::ProcessError>(())
    /// ```
    pub fn par_process_batch<I: Input + Sync>(&self, x: I, out: &mut [Output<I>]) -> Result<(), ProcessError> {
        let mut reaches = self.steps.iter().map(|step| step.operation.reach());
        let before = reaches.try_fold(0_usize, |sum, reach| Some(sum.saturating_add(reach?.saturating_sub(1))));
        let chunk = before.map_or(usize::MAX, |before| CHUNK.max(before.saturating_mul(8)));
        let Some(before) = before.filter(|_| x.count() > chunk) else {
            return self.process_batch(x, out);
        };
        let fresh = self.start(Some(x.count()))?;
        LengthError::check(x.count(), out.len())?;
        out.par_chunks_mut(chunk).enumerate().for_each(|(i, out)| {
            let mut stages = fresh.stages.clone();
            range_through(&mut stages, x, i * chunk, before, out);
        });
        Ok(())
    }
}
