//! Expressions that compile and let the wrong caller in.

use super::Checker;
use crate::expression::token::Span;
use crate::expression::types::Type;

/// What was seen of the patterns that fail open.
#[derive(Debug, Default)]
pub(super) struct Lint {
    /// Where the issuer's name of a certificate is read.
    issuer: Option<Span>,
    /// Whether a chain check is called.
    verifies: bool,
    /// Whether the result is a decision.
    decides: bool,
    /// Whether a missing value becomes the empty string.
    empty_default: bool,
    /// Where a constant list with an empty item is split.
    empty_item: Option<Span>,
}

impl Lint {
    pub(super) fn issuer_read(&mut self, span: Span) {
        self.issuer.get_or_insert(span);
    }

    pub(super) fn verifies(&mut self) {
        self.verifies = true;
    }

    pub(super) fn returns(&mut self, ty: &Type) {
        self.decides |= *ty == Type::BOOL;
    }

    pub(super) fn empty_default(&mut self) {
        self.empty_default = true;
    }

    pub(super) fn empty_item(&mut self, span: Span) {
        self.empty_item.get_or_insert(span);
    }
}

impl Checker<'_> {
    pub(super) fn lint_findings(&mut self) {
        if let (true, Some(span)) = (self.lint.empty_default, self.lint.empty_item) {
            self.warn(
                "FailsOpen",
                span,
                "The list has an empty item, which equals the empty string that stands for a missing \
                 value: a caller who has none (no certificate) would match.",
            );
        }
        if self.lint.decides && !self.lint.verifies {
            self.out.unchecked_issuer = self.lint.issuer;
        }
    }
}
