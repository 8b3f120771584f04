//! `System.Random` with a seed.

/// Knuth's subtractive generator as .NET has it since 1.0 for seeded instances (documentation of
/// `System.Random`: the same seed gives the same numbers).
#[derive(Debug, Clone)]
pub struct SeededRandom {
    state: Vec<i32>,
    next: usize,
    next_p: usize,
}

impl SeededRandom {
    /// `new Random(seed)`.
    pub(crate) fn new(seed: i32) -> Self {
        let mut state = vec![0_i32; 56];
        let subtraction = if seed == i32::MIN {
            i32::MAX
        } else {
            seed.abs()
        };
        let mut mj = 161_803_398_i32.wrapping_sub(subtraction);
        set(&mut state, 55, mj);
        let mut mk = 1_i32;
        for i in 1..55 {
            let index = (21 * i) % 55;
            set(&mut state, index, mk);
            mk = mj.wrapping_sub(mk);
            if mk < 0 {
                mk = mk.wrapping_add(i32::MAX);
            }
            mj = get(&state, index);
        }
        for _ in 1..5 {
            for i in 1..56 {
                let n = (i + 30) % 55;
                let mut value = get(&state, i).wrapping_sub(get(&state, 1 + n));
                if value < 0 {
                    value = value.wrapping_add(i32::MAX);
                }
                set(&mut state, i, value);
            }
        }
        Self {
            state,
            next: 0,
            next_p: 21,
        }
    }

    /// A number in `0..i32::MAX`.
    pub(crate) fn sample(&mut self) -> i32 {
        self.next = if self.next >= 55 { 1 } else { self.next + 1 };
        self.next_p = if self.next_p >= 55 {
            1
        } else {
            self.next_p + 1
        };
        let mut value = get(&self.state, self.next).wrapping_sub(get(&self.state, self.next_p));
        if value == i32::MAX {
            value -= 1;
        }
        if value < 0 {
            value = value.wrapping_add(i32::MAX);
        }
        set(&mut self.state, self.next, value);
        value
    }

    /// A number in `0.0..1.0`.
    pub(crate) fn double(&mut self) -> f64 {
        f64::from(self.sample()) * (1.0 / f64::from(i32::MAX))
    }
}

fn get(state: &[i32], index: usize) -> i32 {
    state.get(index).copied().unwrap_or_default()
}

fn set(state: &mut [i32], index: usize, value: i32) {
    if let Some(slot) = state.get_mut(index) {
        *slot = value;
    }
}
