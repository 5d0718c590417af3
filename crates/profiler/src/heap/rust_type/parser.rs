//! By recursive descent, as deep as [`DEPTH`].

use super::{Path, Qualified, Segment, Type};

/// Types nest to a few dozen levels; hostile text does not get further.
const DEPTH: u32 = 128;

/// Reads a path, such as the name of a function.
pub(crate) fn path(text: &str) -> Option<Path<'_>> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let path = parser.path()?;
    parser.is_at_end().then_some(path)
}

/// Reads a type.
#[cfg(test)]
pub(crate) fn ty(text: &str) -> Option<Type<'_>> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let ty = parser.ty()?;
    parser.is_at_end().then_some(ty)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest().is_empty()
    }

    fn peek(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    /// Takes a mark.
    fn eat(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let found = self.peek(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Takes a whole word.
    fn eat_word(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let found = self.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_name));
        self.at += if found { word.len() } else { 0 };
        found
    }

    /// A type, or whatever may stand in its place among arguments.
    fn ty(&mut self) -> Option<Type<'a>> {
        self.depth += 1;
        let ty = if self.depth > DEPTH { None } else { self.any_type() };
        self.depth -= 1;
        ty
    }

    fn any_type(&mut self) -> Option<Type<'a>> {
        self.skip_blanks();
        if self.eat("&") {
            // `&'a mut T`
            self.lifetime();
            let mutable = self.eat_word("mut");
            return Some(Type::Reference(mutable, Box::new(self.ty()?)));
        }
        if self.eat("*") {
            let mutable = self.eat_word("mut");
            if !mutable && !self.eat_word("const") {
                return None;
            }
            return Some(Type::Pointer(mutable, Box::new(self.ty()?)));
        }
        if self.eat("(") {
            let mut types = self.list(")")?;
            // A tuple of one has a comma behind it; brackets around one type are nothing.
            let one = types.len() == 1 && !self.text[..self.at - 1].trim_end().ends_with(',');
            return if one { types.pop() } else { Some(Type::Tuple(types)) };
        }
        if self.eat("[") {
            let ty = Box::new(self.ty()?);
            if self.eat("]") {
                return Some(Type::Slice(ty));
            }
            return if self.eat(";") { Some(Type::Array(ty, self.until_bracket()?)) } else { None };
        }
        if self.eat("!") {
            return Some(Type::Never);
        }
        if self.peek("'") {
            return self.lifetime().map(Type::Lifetime).or_else(|| self.constant());
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '"') {
            return self.constant();
        }
        for (word, bounds) in [("dyn", "dyn"), ("impl", "impl")] {
            if self.eat_word(word) {
                return self.bounds(bounds);
            }
        }
        let start = self.at;
        if self.eat_word("for") {
            self.eat("<").then_some(())?;
            self.list(">")?;
            return self.ty();
        }
        while self.eat_word("unsafe") || self.eat_word("extern") || self.eat("\"") {
            if self.text[..self.at].ends_with('"') {
                self.at += self.rest().find('"')? + 1;
            }
        }
        if self.eat_word("fn") {
            let head = self.text[start..self.at].trim();
            self.eat("(").then_some(())?;
            let parameters = self.list(")")?;
            let result = if self.eat("->") { Some(Box::new(self.ty()?)) } else { None };
            return Some(Type::Function(head, parameters, result));
        }
        self.at = start;
        let path = self.path()?;
        // `Fn(A) -> B`
        if self.peek("(") && !path.segments.is_empty() {
            self.at += 1;
            let mut arguments = vec![Type::Tuple(self.list(")")?)];
            if self.eat("->") {
                arguments.push(Type::Binding("Output", Box::new(self.ty()?)));
            }
            let mut path = path;
            path.segments.last_mut()?.arguments.extend(arguments);
            return Some(Type::Path(path));
        }
        if path.qualified.is_none() && path.segments.len() == 1 && path.segments[0].arguments.is_empty() {
            let name = path.segments[0].name;
            self.skip_blanks();
            if self.peek("=") && !self.peek("==") {
                self.at += 1;
                return Some(Type::Binding(name, Box::new(self.ty()?)));
            }
            if name.starts_with('{') && !name.contains('#') && !name.starts_with("{{")
                || matches!(name, "true" | "false")
            {
                return Some(Type::Constant(name));
            }
        }
        Some(Type::Path(path))
    }

    /// `A + B + 'a`, of a trait object.
    fn bounds(&mut self, keyword: &'static str) -> Option<Type<'a>> {
        let mut bounds = Vec::new();
        loop {
            match self.ty()? {
                Type::Lifetime(_) => {}
                ty => bounds.push(ty),
            }
            if !self.eat("+") {
                return Some(Type::Bounds(keyword, bounds));
            }
        }
    }

    /// What is between two brackets, the first of which is taken; takes the second.
    fn list(&mut self, end: &str) -> Option<Vec<Type<'a>>> {
        let mut types = Vec::new();
        loop {
            if self.eat(end) {
                return Some(types);
            }
            types.push(self.ty()?);
            if !self.eat(",")
                && !{
                    self.skip_blanks();
                    self.peek(end)
                }
            {
                return None;
            }
        }
    }

    /// `'a`, and no character.
    fn lifetime(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        let rest = self.rest().strip_prefix('\'')?;
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if length == 0 || rest[length..].starts_with('\'') {
            return None;
        }
        let name = &self.rest()[..=length];
        self.at += name.len();
        Some(name)
    }

    /// A number, text or character.
    fn constant(&mut self) -> Option<Type<'a>> {
        let (start, text) = (self.at, self.rest());
        let mut characters = text.char_indices();
        let (_, first) = characters.next()?;
        let length = if matches!(first, '"' | '\'') {
            let mut escaped = false;
            let end = characters.find(|&(_, c)| {
                let closes = c == first && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            end?.0 + 1
        } else {
            1 + text[1..].find(|c| !is_name(c)).unwrap_or(text.len() - 1)
        };
        self.at += length;
        Some(Type::Constant(&self.text[start..self.at]))
    }

    /// The length of an array.
    fn until_bracket(&mut self) -> Option<&'a str> {
        let text = self.rest();
        let end = text.find(']')?;
        self.at += end + 1;
        Some(text[..end].trim())
    }

    fn path(&mut self) -> Option<Path<'a>> {
        self.depth += 1;
        let path = if self.depth > DEPTH { None } else { self.any_path() };
        self.depth -= 1;
        path
    }

    fn any_path(&mut self) -> Option<Path<'a>> {
        let mut path = Path::default();
        self.skip_blanks();
        if self.peek("<") && !self.peek("<impl ") {
            self.at += 1;
            let ty = self.ty()?;
            let of = if self.eat_word("as") { Some(self.ty()?) } else { None };
            self.eat(">").then_some(())?;
            path.qualified = Some(Box::new(Qualified { ty, of }));
            if !self.peek("::") {
                return Some(path);
            }
            self.at += 2;
        }
        loop {
            let name = self.name()?;
            let mut arguments = Vec::new();
            // `f::<T>` and `T<U>` mean the same; `T::<impl …>` is a name.
            let turbofish = self.peek("::<") && !self.peek("::<impl ");
            if turbofish {
                self.at += 2;
            }
            if turbofish || self.peek("<") {
                self.at += 1;
                arguments = self.list(">")?;
            }
            path.segments.push(Segment { name, arguments });
            if !self.peek("::") {
                return Some(path);
            }
            self.at += 2;
        }
    }

    /// A plain name, one in braces or one in angle brackets.
    fn name(&mut self) -> Option<&'a str> {
        let text = self.rest();
        let length = match text.as_bytes().first()? {
            b'{' => balanced(text, '{', '}')?,
            b'<' => balanced(text, '<', '>')?,
            _ => text.find(|c| !is_name(c)).unwrap_or(text.len()),
        };
        if length == 0 {
            return None;
        }
        self.at += length;
        // `{shim:vtable#0}` stands behind a name.
        Some(&text[..length])
    }
}

fn is_name(c: char) -> bool {
    c == '_' || c == '$' || c == '.' || c == '#' || c.is_alphanumeric()
}

/// Up to the bracket that closes the first; that of an arrow does not.
fn balanced(text: &str, open: char, close: char) -> Option<usize> {
    let (mut level, mut before) = (0_u32, ' ');
    for (at, c) in text.char_indices() {
        if c == open {
            level += 1;
        } else if c == close && before != '-' {
            level -= 1;
            if level == 0 {
                return Some(at + c.len_utf8());
            }
        }
        before = c;
    }
    None
}
