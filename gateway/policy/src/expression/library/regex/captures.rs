//! What groups have captured.

/// Captures of every group, oldest first, as ranges of units.
#[derive(Debug, Clone)]
pub(super) struct Captures(Vec<Vec<(usize, usize)>>);

impl Captures {
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![Vec::new(); slots])
    }

    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(Vec::clear);
    }

    pub(super) fn push(&mut self, slot: usize, span: (usize, usize)) {
        if let Some(captures) = self.0.get_mut(slot) {
            captures.push(span);
        }
    }

    pub(super) fn pop(&mut self, slot: usize) -> Option<(usize, usize)> {
        self.0.get_mut(slot)?.pop()
    }

    /// The value of a group.
    pub(super) fn last(&self, slot: usize) -> Option<(usize, usize)> {
        self.0.get(slot)?.last().copied()
    }

    pub(super) fn of(&self, slot: usize) -> &[(usize, usize)] {
        self.0.get(slot).map_or(&[], Vec::as_slice)
    }

    pub(super) fn slots(&self) -> usize {
        self.0.len()
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}
