//! `find-and-replace`: a substring of the body becomes another one.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run, threw};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, whole_body};

pub(super) const POLICY: Policy = Policy {
    name: "find-and-replace",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

struct FindAndReplace {
    from: Setting<Arc<str>>,
    to: Setting<Arc<str>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["from", "to"]);
    compiler.check_empty(element);
    let from = compiler.required(element, "from");
    let to = compiler.required(element, "to");
    let from = from.and_then(|attribute| {
        let setting = compiler.text(attribute)?;
        if setting.literal().is_some_and(|text| text.is_empty()) {
            compiler.error(
                "InvalidValue",
                "The attribute 'from' must not be empty.",
                attribute.offset,
            );
            return None;
        }
        Some(setting)
    });
    let to = to.and_then(|attribute| compiler.text(attribute));
    whole_body::need(compiler);
    Some(Box::new(FindAndReplace {
        from: from?,
        to: to?,
    }))
}

impl Statement for FindAndReplace {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let from = run.text(&self.from)?;
        let to = run.text(&self.to)?;
        if from.is_empty() {
            return Err(Box::new(Failure::internal(
                "ExpressionValueEvaluationFailure",
                "Expression evaluation failed. The value of 'from' is empty.",
            )));
        }
        let Some(body) = whole_body::read(run)? else {
            return Ok(Flow::Next);
        };
        let places = find(&body, from.as_bytes());
        if places.is_empty() {
            return Ok(Flow::Next);
        }
        let grown = body
            .len()
            .saturating_add(places.len().saturating_mul(to.len()));
        run.budget().allocate(grown).map_err(threw)?;
        let content = splice(&body, &places, from.len(), to.as_bytes());
        whole_body::replace(run, content, None);
        Ok(Flow::Next)
    }
}

/// Where `from` stands in `body`, without overlaps. The bytes of a text are compared: UTF-8 cannot be
/// met in the middle of a character.
pub(super) fn find(body: &[u8], from: &[u8]) -> Vec<usize> {
    let Some((first, rest)) = from.split_first() else {
        return Vec::new();
    };
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(tail) = body.get(at..) {
        let Some(next) = tail.iter().position(|byte| byte == first) else {
            break;
        };
        at += next;
        let matches = body
            .get(at + 1..)
            .is_some_and(|tail| tail.starts_with(rest));
        if matches {
            places.push(at);
            at += from.len();
        } else {
            at += 1;
        }
    }
    places
}

/// `body` with `length` bytes at each place replaced.
pub(super) fn splice(body: &[u8], places: &[usize], length: usize, to: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(body.len());
    let mut at = 0;
    for place in places {
        content.extend_from_slice(body.get(at..*place).unwrap_or(&[]));
        content.extend_from_slice(to);
        at = place + length;
    }
    content.extend_from_slice(body.get(at..).unwrap_or(&[]));
    content
}
