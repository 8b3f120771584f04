//! Which variables have a value at a point of the program.

/// The variables that have a value at a point. A point that is never reached has all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    unreachable: bool,
    bits: Vec<u64>,
}

impl State {
    /// The state of a point that nothing reaches.
    pub(super) fn unreachable() -> Self {
        Self {
            unreachable: true,
            bits: Vec::new(),
        }
    }

    pub(super) fn has(&self, variable: usize) -> bool {
        self.unreachable
            || self
                .bits
                .get(variable / 64)
                .is_some_and(|word| word & (1 << (variable % 64)) != 0)
    }

    pub(super) fn assign(&mut self, variable: usize) {
        let place = variable / 64;
        if self.bits.len() <= place {
            self.bits.resize(place + 1, 0);
        }
        if let Some(word) = self.bits.get_mut(place) {
            *word |= 1 << (variable % 64);
        }
    }

    /// Where two ways meet: what both of them assigned.
    pub(super) fn meet(&mut self, other: &Self) {
        if other.unreachable {
            return;
        }
        if self.unreachable {
            *self = other.clone();
            return;
        }
        self.bits.truncate(other.bits.len());
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word &= other;
        }
    }

    /// After another stretch of code was passed too: what either of them assigned.
    pub(super) fn join(&mut self, other: &Self) {
        self.unreachable |= other.unreachable;
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (word, other) in self.bits.iter_mut().zip(&other.bits) {
            *word |= other;
        }
    }
}
