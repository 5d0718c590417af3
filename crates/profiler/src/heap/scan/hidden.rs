//! Addresses that are no pointers.

/// The complement of an address: what a scan has found shall not be what the next one finds it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hidden(u64);

impl Hidden {
    /// Of an address whose complement this is.
    pub(crate) const fn from_complement(complement: usize) -> Self {
        Self(complement as u64)
    }

    pub(crate) const fn get(self) -> u64 {
        !self.0
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Hidden {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Hidden {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|address| Self(!address))
    }
}
