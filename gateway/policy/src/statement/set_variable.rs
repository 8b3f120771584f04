//! `set-variable`. A literal is always a string, whatever it looks like.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Failure, Flow, Outcome, Run};
use crate::expression::{Expected, Expression, Value};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "set-variable",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

struct SetVariable {
    name: Arc<str>,
    value: Content,
}

enum Content {
    Literal(Value),
    Code(Box<Expression>),
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["name", "value"]);
    compiler.check_empty(element);
    let name = compiler
        .required(element, "name")
        .and_then(|attribute| compiler.literal(attribute));
    let value = compiler.required(element, "value")?;
    let value = match compiler.setting(&value.value, Expected::Any, false)? {
        Setting::Literal(text) => Content::Literal(Value::text(text)),
        Setting::Code(expression) => Content::Code(expression),
    };
    Some(Box::new(SetVariable { name: name?, value }))
}

impl Statement for SetVariable {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let value = match &self.value {
            Content::Literal(value) => value.clone(),
            Content::Code(expression) => run.evaluate(expression)?,
        };
        // Of the types that .NET knows, this one documents try to store and APIM refuses.
        if value.type_name().ends_with("X509Certificate2") {
            return Err(Box::new(Failure::internal(
                "ExpressionValueEvaluationFailure",
                format!(
                    "Expression evaluation failed. The variable '{}' cannot hold a value of type '{}'.",
                    self.name,
                    value.type_name()
                ),
            )));
        }
        run.context.variables.insert(Arc::clone(&self.name), value);
        Ok(Flow::Next)
    }
}
