//! A tokenizer that owns its words: short blocks, as many as the text has words.

use std::fmt::Write;
use std::hint::black_box;

use super::Work;

enum Token {
    Word(String),
    Number(u64),
    Sign(char),
}

pub(super) fn prepare(lines: u64) -> Work {
    let text = text(lines);
    Box::new(move || {
        let lines: Vec<Vec<Token>> = text.lines().map(tokens).collect();
        lines.iter().filter(|tokens| is_right(tokens)).count() as u64
    })
}

fn text(lines: u64) -> String {
    let mut text = String::new();
    for i in 0..lines {
        let x = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
        writeln!(text, "let value_{x} = compute(first_{i}, {x}) + another_name * {i}; return something_longer_{x};")
            .expect("a string takes all");
    }
    text
}

fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = |is_part: fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let len = if first.is_ascii_digit() {
            let len = end(|c| c.is_ascii_digit());
            tokens.push(Token::Number(rest[..len].parse().unwrap_or(u64::MAX)));
            len
        } else if first.is_alphabetic() {
            let len = end(|c| c == '_' || c.is_alphanumeric());
            tokens.push(Token::Word(rest[..len].to_owned()));
            len
        } else {
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        rest = rest[len..].trim_start();
    }
    tokens
}

/// Seven words, two numbers and eight signs.
fn is_right(tokens: &[Token]) -> bool {
    let (mut words, mut numbers, mut signs) = (0, 0, 0);
    for token in tokens {
        match token {
            Token::Word(word) => words += usize::from(!black_box(word).is_empty()),
            Token::Number(number) => numbers += usize::from(*number < u64::MAX),
            Token::Sign(sign) => signs += usize::from(!sign.is_alphanumeric()),
        }
    }
    (words, numbers, signs) == (7, 2, 8)
}
