//! Text that knows where in the document each of its characters came from.

use std::fmt;

/// Decoded text with a map from its byte offsets to those of the source.
#[derive(Clone)]
pub struct SourceText {
    text: String,
    /// Runs in the order of `text`; within a copied run offsets advance together, within a replaced
    /// one every offset leads to where the replaced thing begins.
    runs: Vec<Run>,
    /// Where in the source the text ends.
    end: usize,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    /// Offset in the text where the run begins.
    at: usize,
    /// Offset in the source where it begins.
    source: usize,
    copied: bool,
}

impl SourceText {
    /// No text, at byte `offset` of the source.
    pub(crate) fn empty(offset: usize) -> Self {
        Self {
            text: String::new(),
            runs: Vec::new(),
            end: offset,
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The byte offset in the source of byte `offset` of the text; past its end, the source's end.
    #[must_use]
    pub fn source_offset(&self, offset: usize) -> usize {
        if offset >= self.text.len() {
            return self.end;
        }
        let after = self.runs.partition_point(|run| run.at <= offset);
        match after.checked_sub(1).and_then(|i| self.runs.get(i)) {
            Some(run) if run.copied => run.source + (offset - run.at),
            Some(run) => run.source,
            None => self.end,
        }
    }

    /// Appends text that stands in the source at `offset` as it is.
    pub(crate) fn push(&mut self, text: &str, offset: usize) {
        if !text.is_empty() {
            // A run that continues the last one needs no entry of its own.
            let continues = self
                .runs
                .last()
                .is_some_and(|run| run.copied && run.source + (self.text.len() - run.at) == offset);
            if !continues {
                self.runs.push(Run {
                    at: self.text.len(),
                    source: offset,
                    copied: true,
                });
            }
            self.text.push_str(text);
        }
        self.end = offset + text.len();
    }

    /// Appends text that stands for something else which begins at `offset` of the source.
    pub(crate) fn push_replacement(&mut self, text: &str, offset: usize) {
        if !text.is_empty() {
            self.runs.push(Run {
                at: self.text.len(),
                source: offset,
                copied: false,
            });
            self.text.push_str(text);
        }
        self.end = offset;
    }

    /// Appends a part of `other`, keeping where each character came from.
    pub(crate) fn append_range(&mut self, other: &Self, start: usize, end: usize) {
        let mut from = start;
        while from < end {
            let after = other.runs.partition_point(|run| run.at <= from);
            let until = other.runs.get(after).map_or(end, |run| run.at.min(end));
            let copied = after
                .checked_sub(1)
                .and_then(|i| other.runs.get(i))
                .is_some_and(|run| run.copied);
            let Some(piece) = other.text.get(from..until) else {
                return;
            };
            let source = other.source_offset(from);
            if copied {
                self.push(piece, source);
            } else {
                self.push_replacement(piece, source);
            }
            from = until;
        }
        self.end = other.source_offset(end);
    }

    /// Appends all of `other`.
    pub(crate) fn append(&mut self, other: &Self) {
        self.append_range(other, 0, other.text.len());
        self.end = other.end;
    }
}

impl PartialEq for SourceText {
    /// Whether the texts are equal, wherever they stood.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SourceText {}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}
