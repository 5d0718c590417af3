//! The state of operations as words, to be kept and taken up again.

use std::vec::IntoIter;

/// One walk over the state for both directions, so that they cannot differ.
#[derive(Debug)]
pub(crate) enum Archive {
    Save(Vec<u64>),
    Load {
        words: IntoIter<u64>,
        /// Whether a word was missing or impossible.
        is_wrong: bool,
    },
}

impl Archive {
    pub(crate) fn load(words: Vec<u64>) -> Self {
        Self::Load { words: words.into_iter(), is_wrong: false }
    }

    fn word(&mut self, word: u64) -> u64 {
        match self {
            Self::Save(words) => {
                words.push(word);
                word
            }
            Self::Load { words, is_wrong } => words.next().unwrap_or_else(|| {
                *is_wrong = true;
                word
            }),
        }
    }

    /// Bits, so that NaNs and infinities survive any format.
    pub(crate) fn f64(&mut self, x: &mut f64) {
        *x = f64::from_bits(self.word(x.to_bits()));
    }

    pub(crate) fn f64s(&mut self, x: &mut [f64]) {
        x.iter_mut().for_each(|x| self.f64(x));
    }

    /// A number that is never greater than `most`.
    pub(crate) fn count(&mut self, n: &mut usize, most: usize) {
        let word = self.word(*n as u64);
        match usize::try_from(word) {
            Ok(word) if word <= most => *n = word,
            _ => {
                if let Self::Load { is_wrong, .. } = self {
                    *is_wrong = true;
                }
            }
        }
    }

    /// What was saved; or whether exactly what there was has been loaded.
    pub(crate) fn finish(self) -> Result<Vec<u64>, bool> {
        match self {
            Self::Save(words) => Ok(words),
            Self::Load { words, is_wrong } => Err(!is_wrong && words.len() == 0),
        }
    }
}
