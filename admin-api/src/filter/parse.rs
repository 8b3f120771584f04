//! The grammar of filters: `or` over `and` over `not`, comparisons and text functions.

use super::token::{Token, tokens};
use super::{Comparison, Expression, Literal, TextFunction};

/// Deepest nesting that is followed.
const DEEPEST: usize = 50;

pub(super) fn expression(text: &str) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?.into_iter().peekable(),
        depth: 0,
    };
    let expression = parser.or()?;
    match parser.tokens.next() {
        None => Ok(expression),
        Some(token) => Err(format!("{} is not expected there.", name(&token))),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("The filter is nested too deeply.".to_owned());
        }
        let expression = if self.takes_word("not") {
            Expression::Not(Box::new(self.not()?))
        } else if self.takes(&Token::Open) {
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let first = self.word()?;
        if self.takes(&Token::Open) {
            return self.function(&first);
        }
        let operator = self.word()?;
        let comparison = match operator.to_ascii_lowercase().as_str() {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            _ => {
                return Err(format!(
                    "`{operator}` is not one of eq, ne, gt, ge, lt, le."
                ));
            }
        };
        let literal = self.literal()?;
        Ok(Expression::Compare(field(&first), comparison, literal))
    }

    fn function(&mut self, function: &str) -> Result<Expression, String> {
        let (kind, text_comes_first) = match function.to_ascii_lowercase().as_str() {
            "contains" => (TextFunction::Contains, false),
            "startswith" => (TextFunction::StartsWith, false),
            "endswith" => (TextFunction::EndsWith, false),
            "substringof" => (TextFunction::Contains, true),
            _ => {
                return Err(format!(
                    "`{function}` is not one of contains, startswith, endswith, substringof."
                ));
            }
        };
        let (name, text) = if text_comes_first {
            let text = self.text()?;
            self.expect(&Token::Comma)?;
            (self.word()?, text)
        } else {
            let name = self.word()?;
            self.expect(&Token::Comma)?;
            (name, self.text()?)
        };
        self.expect(&Token::Close)?;
        let called = Expression::Text(field(&name), kind, text);
        // `… eq true`, as older clients write it.
        if !self.takes_word("eq") {
            return Ok(called);
        }
        match self.literal()? {
            Literal::Flag(true) => Ok(called),
            Literal::Flag(false) => Ok(Expression::Not(Box::new(called))),
            _ => Err(format!("`{function}` is true or false.")),
        }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => Ok(Literal::Flag(true)),
                "false" => Ok(Literal::Flag(false)),
                "null" => Ok(Literal::Null),
                _ => match word.parse::<f64>() {
                    Ok(number) if number.is_finite() => Ok(Literal::Number(number)),
                    _ if super::judge::date(&word).is_some() => Ok(Literal::Text(word)),
                    _ => Err(format!(
                        "`{word}` is no value; texts are written in single quotes."
                    )),
                },
            },
            token => Err(expected("a value", token.as_ref())),
        }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Word(word)) => Ok(word),
            token => Err(expected("a name", token.as_ref())),
        }
    }

    fn text(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Text(text)) => Ok(text),
            token => Err(expected("a text in single quotes", token.as_ref())),
        }
    }

    fn takes(&mut self, token: &Token) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|next| matches!(next, Token::Word(found) if found.eq_ignore_ascii_case(word)))
            .is_some()
    }

    fn expect(&mut self, token: &Token) -> Result<(), String> {
        match self.tokens.next() {
            Some(found) if found == *token => Ok(()),
            found => Err(expected(&name(token), found.as_ref())),
        }
    }
}

/// `properties/displayName` is `displayName`.
fn field(name: &str) -> String {
    name.strip_prefix("properties/").unwrap_or(name).to_owned()
}

fn expected(what: &str, found: Option<&Token>) -> String {
    match found {
        Some(token) => format!("Expected {what}, not {}.", name(token)),
        None => format!("Expected {what} at the end of the filter."),
    }
}

fn name(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Text(text) => format!("'{text}'"),
        Token::Open => "`(`".to_owned(),
        Token::Close => "`)`".to_owned(),
        Token::Comma => "`,`".to_owned(),
    }
}
