//! Which column of a table.

use std::fmt;

use super::error::FileErrorKind;

/// A column of a table, by name or by number.
///
/// # Examples
///
/// ```
/// use lagom_vecproc::file::Column;
///
/// assert_eq!(Column::from("price"), Column::Name("price".into()));
/// assert_eq!(Column::from(2), Column::Index(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Column {
    /// The only one there is; an error if there are more.
    #[default]
    Only,
    /// The one of this name; an error if there are two.
    Name(String),
    /// This one, counted from 0.
    Index(usize),
}

impl Column {
    /// Finds the column among those of these names.
    #[cfg(any(feature = "csv", feature = "arrow"))]
    pub(super) fn find(&self, names: &[impl AsRef<str>]) -> Result<usize, FileErrorKind> {
        let mut places = (0..names.len()).filter(|place| match self {
            Self::Only => true,
            Self::Name(name) => names[*place].as_ref() == name,
            Self::Index(index) => place == index,
        });
        let problem = match (places.next(), places.next()) {
            (Some(place), None) => return Ok(place),
            _ if names.is_empty() => "there are no columns".to_owned(),
            (None, _) => format!("there is no column {self}; there are {}", Listed(names)),
            (Some(_), _) if *self == Self::Only => format!("choose a column: there are {}", Listed(names)),
            (Some(first), Some(second)) => format!("the columns {first} and {second} are both called {self}"),
        };
        Err(FileErrorKind::Column(problem))
    }

    /// That this is no column where there is but one, without a name.
    pub(super) fn without_names(&self) -> FileErrorKind {
        FileErrorKind::Column(format!("there is no column {self}; there are no names"))
    }
}

/// Names, but not hundreds.
#[cfg(any(feature = "csv", feature = "arrow"))]
struct Listed<'a, N>(&'a [N]);

#[cfg(any(feature = "csv", feature = "arrow"))]
impl<N: AsRef<str>> fmt::Display for Listed<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        for (i, name) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{:?}", if i == 0 { "" } else { ", " }, name.as_ref())?;
        }
        if self.0.len() > SHOWN { write!(f, " and {} more", self.0.len() - SHOWN) } else { Ok(()) }
    }
}

/// As it is shown in errors.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => f.write_str("0"),
            Self::Name(name) => write!(f, "{name:?}"),
            Self::Index(index) => index.fmt(f),
        }
    }
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<usize> for Column {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}
