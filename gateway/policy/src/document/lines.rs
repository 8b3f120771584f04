//! From byte offsets to lines and columns.

use crate::problem::Position;

/// Where each line of a text begins.
#[derive(Debug, Clone)]
pub(super) struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    pub(super) fn new(source: &str) -> Self {
        let starts = std::iter::once(0)
            .chain(source.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { starts }
    }

    /// The position of byte `offset`; past the end, the end.
    pub(super) fn position(&self, source: &str, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|i| self.starts.get(i))
            .copied()
            .unwrap_or(0);
        let text = source.get(start..).unwrap_or("");
        let column: usize = text
            .char_indices()
            .take_while(|(at, c)| start + at < offset && *c != '\n')
            .map(|(_, c)| c.len_utf16())
            .sum();
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_counting_from_the_start() {
        let source = "ab\n😀x\n\nend";
        let lines = LineIndex::new(source);
        for offset in 0..=source.len() + 2 {
            if offset >= source.len() || source.is_char_boundary(offset) {
                assert_eq!(
                    lines.position(source, offset),
                    Position::of(source, offset),
                    "{offset}"
                );
            }
        }
    }
}
