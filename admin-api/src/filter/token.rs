//! Filters taken apart into words, texts and signs.

/// A piece of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, an operator, a number or a date, as written.
    Word(String),
    /// A text in quotes; two quotes in it are one.
    Text(String),
    Open,
    Close,
    Comma,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_whitespace() => {}
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => tokens.push(Token::Text(quoted(&mut characters)?)),
            c if is_word(c) => {
                let mut word = String::from(c);
                while let Some(next) = characters.next_if(|c| is_word(*c)) {
                    word.push(next);
                }
                // `datetime'…'`: the type adds nothing to what the text says.
                let is_typed = ["datetime", "guid"]
                    .iter()
                    .any(|name| word.eq_ignore_ascii_case(name));
                if is_typed && characters.next_if_eq(&'\'').is_some() {
                    tokens.push(Token::Text(quoted(&mut characters)?));
                } else {
                    tokens.push(Token::Word(word));
                }
            }
            other => {
                return Err(format!(
                    "`{}` has no place in a filter.",
                    other.escape_default()
                ));
            }
        }
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ':' | '+')
}

fn quoted(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match characters.next() {
            Some('\'') if characters.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') => return Ok(text),
            Some(c) => text.push(c),
            None => return Err("A text in the filter has no closing quote.".to_owned()),
        }
    }
}
