//! `retry`: runs its policies, and again as long as a condition holds.
//!
//! The first run comes before the condition is asked. A failure inside is not retried: it goes to
//! `on-error`, as everywhere. A request body that streams can be forwarded once; with
//! `buffer-request-body` on the `forward-request` it is kept for the next round.

use std::time::Duration;

use crate::document::Element;
use crate::execution::{Answer, Block, Effect, Failure, Flow, Outcome, Run};
use crate::expression::Expected;
use crate::program::instruction::{Code, Operation};
use crate::program::{Compiler, Section, block};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "retry",
    sections: &Section::ALL,
    kind: Kind::Block(compile),
};

const COUNT: &str = "a number from 1 to 50";
const SECONDS: &str = "a number of seconds";

/// Longest pause; a longer one is a slip.
const LONGEST: f64 = 86_400.0;

struct Begin;

struct End {
    /// Where the policies begin.
    start: usize,
    condition: Setting<bool>,
    count: Setting<u32>,
    interval: Setting<f64>,
    max_interval: Option<Setting<f64>>,
    delta: Option<Setting<f64>>,
    first_fast: Setting<bool>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>, code: &mut Code) -> bool {
    const KNOWN: [&str; 6] = [
        "condition",
        "count",
        "interval",
        "max-interval",
        "delta",
        "first-fast-retry",
    ];
    compiler.check_attributes(element, &KNOWN);
    compiler.check_no_text(element);
    compiler.take_needs();
    let begin = Operation::Statement(Box::new(Begin));
    let begin = compiler.instruction(element, begin);
    code.push(begin);
    let start = code.len();
    let ends = block(compiler, &element.children, code);
    compiler.take_needs();
    if let Some(end) = settings(element, compiler, start) {
        let end = compiler.instruction(element, Operation::Statement(Box::new(end)));
        code.push(end);
    }
    ends
}

fn settings(element: &Element, compiler: &mut Compiler<'_>, start: usize) -> Option<End> {
    let condition = compiler
        .required(element, "condition")
        .and_then(|attribute| compiler.boolean(attribute));
    let count = compiler
        .required(element, "count")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Integer, read_count, COUNT));
    let interval = compiler
        .required(element, "interval")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Any, read_seconds, SECONDS));
    let mut optional = |name| match element.attribute(name) {
        Some(attribute) => compiler
            .parsed(attribute, Expected::Any, read_seconds, SECONDS)
            .map(Some),
        None => Some(None),
    };
    let max_interval = optional("max-interval");
    let delta = optional("delta");
    let first_fast = match element.attribute("first-fast-retry") {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(false)),
    };
    Some(End {
        start,
        condition: condition?,
        count: count?,
        interval: interval?,
        max_interval: max_interval?,
        delta: delta?,
        first_fast: first_fast?,
    })
}

fn read_count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| (1..=50).contains(count))
}

fn read_seconds(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|seconds| (0.0..=LONGEST).contains(seconds))
}

impl Statement for Begin {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        run.local.blocks.push(Block::Retry(0));
        Ok(Flow::Next)
    }
}

impl Statement for End {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let count = run.parsed(&self.count, read_count, COUNT)?;
        let again = run.boolean(&self.condition)?;
        let round = match run.local.blocks.last_mut() {
            Some(Block::Retry(rounds)) if again && *rounds < count => {
                *rounds += 1;
                *rounds
            }
            _ => {
                run.local.blocks.pop();
                return Ok(Flow::Next);
            }
        };
        // Blocks inside blocks multiply; what a request may spend does not.
        run.state.spend_effect()?;
        let start = self.start;
        let pause = self.pause(run, round)?;
        if pause.is_zero() {
            return Ok(Flow::Jump(start));
        }
        Ok(Flow::ask(
            Effect::Sleep(pause),
            move |_, answer| match answer {
                Answer::Done => Ok(Flow::Jump(start)),
                other => Err(other.into_failure()),
            },
        ))
    }
}

impl End {
    /// How long to wait before round `round`, from 1.
    ///
    /// Fixed with `interval` alone; `interval + (round - 1) × delta` with `delta`; with `max-interval`
    /// besides, `interval + 2^(round - 1) × (delta ± 20 %)` up to that.
    fn pause(&self, run: &mut Run<'_>, round: u32) -> Outcome<Duration> {
        if round == 1 && run.boolean(&self.first_fast)? {
            return Ok(Duration::ZERO);
        }
        let mut seconds = |setting: &Setting<f64>| run.parsed(setting, read_seconds, SECONDS);
        let interval = seconds(&self.interval)?;
        let delta = self.delta.as_ref().map(&mut seconds).transpose()?;
        let longest = self.max_interval.as_ref().map(&mut seconds).transpose()?;
        let steps = f64::from(round.saturating_sub(1));
        let pause = match (delta, longest) {
            (None, None) => interval,
            (None, Some(longest)) => interval.min(longest),
            (Some(delta), None) => interval + steps * delta,
            (Some(delta), Some(longest)) => {
                let mut random = [0; 4];
                run.host.random(&mut random);
                let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
                (interval + steps.exp2() * delta * (0.8 + 0.4 * share)).min(longest)
            }
        };
        Duration::try_from_secs_f64(pause.min(LONGEST)).map_err(|_| {
            Box::new(Failure::internal(
                "InvalidInterval",
                "The pause before the next attempt is not a time.",
            ))
        })
    }
}
