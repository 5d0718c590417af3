//! Patterns as shells have them.

/// Whether the whole text is what the pattern describes: `*` stands for any characters, `/` among them, `?` for one.
///
/// Takes time in proportion to the product of the lengths at worst.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reach)) = star else { return false };
                star = Some((at, reach + 1));
                p = at + 1;
                t = reach + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// The same for paths of files, of which a pattern may name the end: `src/*.rs` is any file of any `src`.
pub(super) fn matches_file(pattern: &str, file: &str) -> bool {
    matches(pattern, file) || !pattern.starts_with(['/', '*']) && matches(&format!("*/{pattern}"), file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a/b"),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c", "ac"),
            ("a*b*c", "a1b2b3c"),
            ("a?c", "abc"),
            ("*::tests::*", "app::tests::x"),
            ("?", "é"),
            ("**a**", "a"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("?", ""), ("a*c", "acb"), ("a?c", "ac"), ("a", "A"), ("*a*b", "aab1")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn files_match_by_their_end() {
        assert!(matches_file("main.rs", "/home/me/app/src/main.rs"));
        assert!(matches_file("src/*.rs", "/home/me/app/src/net/http.rs"));
        assert!(matches_file("src/main.rs", "src/main.rs"));
        assert!(!matches_file("ain.rs", "/home/me/app/src/main.rs"));
        assert!(!matches_file("/src/main.rs", "/home/me/app/src/main.rs"));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(400)));
    }
}
