//! Tokens → syntax tree.
//!
//! Recursive descent with precedence climbing. Every nesting construct goes through
//! [`Parser::nested`], which bounds the depth; operators of one level are collected flat.

mod control_flow;
mod creation;
mod expressions;
mod operators;
mod primary;
pub(crate) mod signature;
mod statements;
mod types;

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Expr, ExprKind, Ident, Statement};
use super::lexer;
use super::scan::ScanError;
use super::token::{Span, Token, TokenKind};

/// Nesting of brackets, blocks, lambdas and right-associative operators that is accepted. Chosen so
/// that parser, checker and evaluator together stay within a fraction of a 2 MiB stack; real
/// documents nest less than 20.
const MAX_DEPTH: u32 = 100;

/// Postfix operators in one chain (`a.b().c[d]…`), which nest in the tree.
const MAX_POSTFIX: u32 = 100;

/// A syntax error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) span: Span,
    pub(crate) message: String,
}

pub(crate) type Parsed<T> = Result<T, SyntaxError>;

/// What an expression's text holds.
#[derive(Debug)]
pub(crate) enum Body {
    /// `@(…)`.
    Expression(Expr),
    /// `@{…}`.
    Block(Vec<Statement>),
}

/// The outcome: the tree, if it could be built, and all errors.
pub(crate) struct Outcome {
    pub(crate) body: Option<Body>,
    pub(crate) errors: Vec<SyntaxError>,
    /// For every name, the deepest function (lambda or local function) that mentions it: a variable
    /// declared further out is captured.
    pub(crate) mentioned: HashMap<Arc<str>, u32>,
    /// Whether an element of something is assigned: then no array may be shared by evaluations.
    pub(crate) assigns_elements: bool,
}

/// Parses a whole `@(…)` or `@{…}`.
pub(crate) fn parse(source: &str) -> Outcome {
    let closing = source.len().saturating_sub(1);
    let (tokens, lexical) = lexer::tokens(source, 2, closing);
    let mut errors: Vec<SyntaxError> = lexical.into_iter().map(SyntaxError::from).collect();
    if !errors.is_empty() {
        // What follows would be about tokens that are not there.
        return Outcome {
            body: None,
            errors,
            mentioned: HashMap::new(),
            assigns_elements: false,
        };
    }
    let mut parser = Parser::new(source, tokens);
    let body = if source.starts_with("@(") {
        parser.whole_expression().map(Body::Expression)
    } else {
        parser.statements_to_end().map(Body::Block)
    };
    let mentioned = std::mem::take(&mut parser.mentioned);
    errors.append(&mut parser.recovered);
    let body = match body {
        Ok(body) if errors.is_empty() => Some(body),
        Ok(_) => None,
        Err(error) => {
            errors.push(error);
            None
        }
    };
    Outcome {
        body,
        errors,
        mentioned,
        assigns_elements: parser.assigns_elements,
    }
}

impl From<ScanError> for SyntaxError {
    fn from(error: ScanError) -> Self {
        Self {
            span: Span::new(error.offset, error.offset),
            message: error.message,
        }
    }
}

/// A type as a signature of the library writes it, at the beginning of `tokens`.
pub(crate) fn parse_with<T>(
    source: &str,
    parse: impl FnOnce(&mut Parser<'_>) -> Parsed<T>,
) -> Parsed<T> {
    let (tokens, errors) = lexer::tokens(source, 0, source.len());
    if let Some(error) = errors.into_iter().next() {
        return Err(error.into());
    }
    parse(&mut Parser::new(source, tokens))
}

/// A cursor over tokens.
pub(crate) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    /// For an opening bracket, the index of its closing one.
    closing: Vec<Option<u32>>,
    at: usize,
    depth: u32,
    /// How many functions surround the cursor.
    functions: u32,
    mentioned: HashMap<Arc<str>, u32>,
    assigns_elements: bool,
    /// Errors after which parsing went on at the next statement.
    recovered: Vec<SyntaxError>,
}

impl<'a> Parser<'a> {
    fn new(source: &'a str, tokens: Vec<Token>) -> Self {
        let closing = matching(&tokens);
        Self {
            source,
            tokens,
            closing,
            at: 0,
            depth: 0,
            functions: 0,
            mentioned: HashMap::new(),
            assigns_elements: false,
            recovered: Vec::new(),
        }
    }

    fn kind(&self) -> &TokenKind {
        self.kind_at(0)
    }

    /// The token `ahead` of the cursor; past the end, the end.
    fn kind_at(&self, ahead: usize) -> &TokenKind {
        self.tokens
            .get(self.at + ahead)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(Span::new(0, 0), |token| token.span)
    }

    /// From `start` to the end of the last token that was taken.
    fn since(&self, start: Span) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(start, |token| start.to(token.span))
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn is(&self, punctuation: &str) -> bool {
        matches!(self.kind(), TokenKind::Punctuation(found) if *found == punctuation)
    }

    fn is_at(&self, ahead: usize, punctuation: &str) -> bool {
        matches!(self.kind_at(ahead), TokenKind::Punctuation(found) if *found == punctuation)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind(), TokenKind::Keyword(found) if *found == keyword)
    }

    fn is_keyword_at(&self, ahead: usize, keyword: &str) -> bool {
        matches!(self.kind_at(ahead), TokenKind::Keyword(found) if *found == keyword)
    }

    /// An identifier with a meaning in this place only: `var`, `when`.
    fn is_contextual(&self, word: &str) -> bool {
        matches!(self.kind(), TokenKind::Identifier(found) if found.as_ref() == word)
    }

    fn eat(&mut self, punctuation: &str) -> bool {
        let found = self.is(punctuation);
        if found {
            self.advance();
        }
        found
    }

    fn eat_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, punctuation: &str) -> Parsed<()> {
        if self.eat(punctuation) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{punctuation}`")))
        }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.eat_keyword(keyword) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{keyword}`")))
        }
    }

    fn identifier(&mut self) -> Parsed<Ident> {
        let span = self.span();
        match self.kind() {
            TokenKind::Identifier(name) => {
                let name = Arc::clone(name);
                self.advance();
                Ok(Ident { name, span })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// `Expected X, found Y.` at the cursor.
    fn unexpected(&self, expected: &str) -> SyntaxError {
        let span = self.span();
        let found = match self.kind() {
            TokenKind::End => "the end of the expression".to_owned(),
            // The characters of a literal may be a secret.
            TokenKind::String(_) | TokenKind::Interpolated(_) => "a string".to_owned(),
            TokenKind::Character(_) => "a character".to_owned(),
            TokenKind::Integer(_)
            | TokenKind::Float(_)
            | TokenKind::Double(_)
            | TokenKind::Decimal(_) => "a number".to_owned(),
            TokenKind::Identifier(name) => format!("`{name}`"),
            TokenKind::Keyword(word) | TokenKind::Punctuation(word) => format!("`{word}`"),
        };
        SyntaxError {
            span,
            message: format!("Expected {expected}, found {found}."),
        }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError {
                span: self.span(),
                message: format!("The expression is nested more than {MAX_DEPTH} levels deep."),
            });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// Runs `parse` inside a lambda or local function.
    fn function<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.functions += 1;
        let parsed = self.nested(parse);
        self.functions -= 1;
        parsed
    }

    /// Notes that `target` is written to.
    fn assigned(&mut self, target: &Expr) {
        self.assigns_elements |= !matches!(target.kind, ExprKind::Name(..));
    }

    fn mention(&mut self, name: &Arc<str>) {
        let deepest = self.mentioned.entry(Arc::clone(name)).or_default();
        *deepest = (*deepest).max(self.functions);
    }

    /// Tries `parse`; on failure the cursor goes back.
    fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Option<T> {
        let (at, depth, functions) = (self.at, self.depth, self.functions);
        match parse(self) {
            Ok(parsed) => Some(parsed),
            Err(_) => {
                (self.at, self.depth, self.functions) = (at, depth, functions);
                None
            }
        }
    }

    /// Index of the bracket that closes the one at the cursor.
    fn closing_index(&self) -> Option<usize> {
        self.closing
            .get(self.at)
            .copied()
            .flatten()
            .map(|index| index as usize)
    }
}

/// Pairs of brackets. What does not match is left out: the parser reports it.
fn matching(tokens: &[Token]) -> Vec<Option<u32>> {
    let mut closing = vec![None; tokens.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenKind::Punctuation(punctuation) = token.kind else {
            continue;
        };
        match punctuation {
            "(" => open.push((index, ")")),
            "[" => open.push((index, "]")),
            "{" => open.push((index, "}")),
            ")" | "]" | "}" => {
                if open
                    .last()
                    .is_some_and(|(_, closer)| *closer == punctuation)
                    && let Some((start, _)) = open.pop()
                    && let Some(slot) = closing.get_mut(start)
                {
                    *slot = u32::try_from(index).ok();
                }
            }
            _ => {}
        }
    }
    closing
}
