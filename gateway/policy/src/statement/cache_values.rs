//! `cache-lookup-value`, `cache-store-value` and `cache-remove-value`.
//!
//! A value is copied on its way in and on its way out: no request can change what another one reads.
//! A cache that does not answer is a miss, as APIM treats one that is unavailable.

use std::sync::Arc;
use std::time::Duration;

use crate::document::Element;
use crate::execution::{
    Answer, CacheGet, CachePut, Cached, CachingType, Effect, Flow, Outcome, Run, threw,
};
use crate::expression::{Expected, Expression, Value};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, caching_type};

pub(super) const LOOKUP: Policy = Policy {
    name: "cache-lookup-value",
    sections: &Section::ALL,
    kind: Kind::Statement(compile_lookup),
};

pub(super) const STORE: Policy = Policy {
    name: "cache-store-value",
    sections: &Section::ALL,
    kind: Kind::Statement(compile_store),
};

pub(super) const REMOVE: Policy = Policy {
    name: "cache-remove-value",
    sections: &Section::ALL,
    kind: Kind::Statement(compile_remove),
};

const SECONDS: &str = "a number of seconds";

struct Lookup {
    key: Setting<Arc<str>>,
    variable: Arc<str>,
    default: Option<Content>,
    caching: CachingType,
}

struct Store {
    key: Setting<Arc<str>>,
    value: Content,
    duration: Setting<u64>,
    caching: CachingType,
}

struct Remove {
    key: Setting<Arc<str>>,
    fail: Setting<bool>,
    caching: CachingType,
}

/// A value of any type. A literal is a string.
enum Content {
    Literal(Arc<str>),
    Code(Box<Expression>),
}

impl Content {
    fn compile(
        attribute: &crate::document::Attribute,
        compiler: &mut Compiler<'_>,
    ) -> Option<Self> {
        Some(
            match compiler.setting(&attribute.value, Expected::Any, false)? {
                Setting::Literal(text) => Self::Literal(text),
                Setting::Code(code) => Self::Code(code),
            },
        )
    }

    fn value(&self, run: &mut Run<'_>) -> Outcome<Value> {
        match self {
            Self::Literal(text) => Ok(Value::from(Arc::clone(text))),
            Self::Code(code) => run.evaluate(code),
        }
    }
}

fn key(element: &Element, compiler: &mut Compiler<'_>) -> Option<Setting<Arc<str>>> {
    compiler
        .required(element, "key")
        .and_then(|attribute| compiler.text(attribute))
}

fn compile_lookup(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &["key", "variable-name", "default-value", "caching-type"],
    );
    compiler.check_empty(element);
    let key = key(element, compiler);
    let variable = compiler
        .required(element, "variable-name")
        .and_then(|attribute| compiler.literal(attribute));
    let default = match element.attribute("default-value") {
        Some(attribute) => Some(Content::compile(attribute, compiler)?),
        None => None,
    };
    let caching = caching_type::compile(element, compiler);
    Some(Box::new(Lookup {
        key: key?,
        variable: variable?,
        default,
        caching: caching?,
    }))
}

fn compile_store(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["key", "value", "duration", "caching-type"]);
    compiler.check_empty(element);
    let key = key(element, compiler);
    let value = compiler
        .required(element, "value")
        .and_then(|attribute| Content::compile(attribute, compiler));
    let duration = compiler
        .required(element, "duration")
        .and_then(|attribute| compiler.parsed(attribute, Expected::Any, read_seconds, SECONDS));
    let caching = caching_type::compile(element, compiler);
    Some(Box::new(Store {
        key: key?,
        value: value?,
        duration: duration?,
        caching: caching?,
    }))
}

fn compile_remove(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &["key", "caching-type", "fail-on-cache-removal-error"],
    );
    compiler.check_empty(element);
    let key = key(element, compiler);
    let fail = match element.attribute("fail-on-cache-removal-error") {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(false)),
    };
    let caching = caching_type::compile(element, compiler);
    Some(Box::new(Remove {
        key: key?,
        fail: fail?,
        caching: caching?,
    }))
}

/// Whole seconds; of a computed fraction the whole ones.
pub(super) fn read_seconds(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (whole, fraction) = text.split_once('.')?;
    fraction
        .bytes()
        .all(|digit| digit.is_ascii_digit())
        .then(|| whole.parse().ok())?
}

/// The key of a value that documents cache. It cannot begin as the gateway's own keys do.
fn own(key: &str) -> Arc<str> {
    key.trim_start_matches(char::is_control).into()
}

impl Statement for Lookup {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let get = CacheGet {
            key: own(&run.text(&self.key)?),
            caching: self.caching,
        };
        // What a miss gives is known before: the answer comes when the policy is out of reach.
        let default = match &self.default {
            Some(default) => Some(default.value(run)?),
            None => None,
        };
        let variable = Arc::clone(&self.variable);
        Ok(Flow::ask(Effect::CacheGet(get), move |run, answer| {
            let found = match answer {
                Answer::Cached(Some(cached)) => {
                    cached.to_value(&mut run.budget()).map_err(threw)?
                }
                Answer::Cached(None) | Answer::Failed(_) => None,
                other => return Err(other.into_failure()),
            };
            if let Some(value) = found.or(default) {
                run.context.variables.insert(variable, value);
            }
            Ok(Flow::Next)
        }))
    }
}

impl Statement for Store {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let key = own(&run.text(&self.key)?);
        let value = self.value.value(run)?;
        let duration = run.parsed(&self.duration, read_seconds, SECONDS)?;
        let value = Cached::of_value(&value, &mut run.budget()).map_err(threw)?;
        let put = Effect::CachePut(CachePut {
            key,
            value,
            duration: Duration::from_secs(duration),
            caching: self.caching,
        });
        Ok(Flow::ask(put, |_, answer| match answer {
            Answer::Done | Answer::Failed(_) => Ok(Flow::Next),
            other => Err(other.into_failure()),
        }))
    }
}

impl Statement for Remove {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let fail = run.boolean(&self.fail)?;
        let remove = Effect::CacheRemove(CacheGet {
            key: own(&run.text(&self.key)?),
            caching: self.caching,
        });
        Ok(Flow::ask(remove, move |_, answer| match answer {
            Answer::Done => Ok(Flow::Next),
            Answer::Failed(_) if !fail => Ok(Flow::Next),
            other => Err(other.into_failure()),
        }))
    }
}
