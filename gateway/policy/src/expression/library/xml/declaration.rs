//! `XDeclaration`.

use std::sync::Mutex;

use crate::expression::exception::Exception;
use crate::expression::foreign::Foreign;
use crate::expression::library::arguments::{optional_text, value};
use crate::expression::library::full;
use crate::expression::library::registry::Group;
use crate::expression::object::lock;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

type Outcome = Result<Value, Exception>;

/// The parts of `<?xml version="…" encoding="…" standalone="…"?>`; they can be set.
#[derive(Debug)]
pub(super) struct Declaration(Mutex<[Option<String>; 3]>);

impl Declaration {
    pub(super) fn new(
        version: Option<String>,
        encoding: Option<String>,
        standalone: Option<String>,
    ) -> Self {
        Self(Mutex::new([version, encoding, standalone]))
    }
}

impl Declaration {
    /// The parts that are there, with their names.
    pub(super) fn named(&self) -> Vec<(&'static str, String)> {
        ["version", "encoding", "standalone"]
            .into_iter()
            .zip(lock(&self.0).iter())
            .filter_map(|(name, part)| Some((name, part.clone()?)))
            .collect()
    }
}

impl Foreign for Declaration {
    fn type_of(&self) -> Type {
        Type::Basic(Basic::XDeclaration)
    }

    fn print(&self) -> Result<String, Exception> {
        let mut text = "<?xml".to_owned();
        let parts = lock(&self.0);
        for (name, part) in ["version", "encoding", "standalone"].iter().zip(&*parts) {
            if let Some(part) = part {
                text.push_str(&format!(" {name}=\"{part}\""));
            }
        }
        text.push_str("?>");
        Ok(text)
    }
}

fn owned(args: &[Value], index: usize) -> Option<String> {
    optional_text(args, index).map(|text| text.to_string())
}

fn part(args: &[Value], index: usize) -> Outcome {
    let declaration = receiver(args)?;
    let parts = lock(&declaration.0);
    Ok(match parts.get(index) {
        Some(Some(part)) => Value::text(part.as_str()),
        _ => Value::Null,
    })
}

fn set(args: &[Value], index: usize) -> Outcome {
    let declaration = receiver(args)?;
    if let Some(slot) = lock(&declaration.0).get_mut(index) {
        *slot = owned(args, 1);
    }
    Ok(value(args, 1))
}

fn receiver(args: &[Value]) -> Result<&Declaration, Exception> {
    args.first()
        .and_then(Value::as_foreign::<Declaration>)
        .ok_or_else(Exception::null_reference)
}

pub(super) static DECLARATION: Group = Group {
    owner: "XDeclaration",
    entries: &[
        full(
            "new(string version, string encoding, string standalone)",
            |m, args| {
                m.budget.allocate(100)?;
                Ok(Value::foreign(Declaration::new(
                    owned(args, 0),
                    owned(args, 1),
                    owned(args, 2),
                )))
            },
        ),
        full("new(XDeclaration other)", |m, args| {
            m.budget.allocate(100)?;
            let parts = lock(&receiver(args)?.0).clone();
            Ok(Value::foreign(Declaration(Mutex::new(parts))))
        }),
        full("string Version", |_, args| part(args, 0)),
        full("string Encoding", |_, args| part(args, 1)),
        full("string Standalone", |_, args| part(args, 2)),
        full("void set_Version(string value)", |_, args| set(args, 0)),
        full("void set_Encoding(string value)", |_, args| set(args, 1)),
        full("void set_Standalone(string value)", |_, args| set(args, 2)),
    ],
};
