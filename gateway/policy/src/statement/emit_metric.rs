//! `emit-metric`: adds a value to a metric of the operator's own.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::expression::Expected;
use crate::host::Metric;
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "emit-metric",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

const NUMBER: &str = "a number";

/// Custom dimensions that one policy may have (emit-metric page, usage notes); the default ones are not
/// counted.
const MAX_CUSTOM_DIMENSIONS: usize = 5;

/// Characters of a dimension's name or value that are kept, as Application Insights does.
const MAX_CHARACTERS: usize = 150;

struct EmitMetric {
    namespace: Arc<str>,
    name: Arc<str>,
    value: Setting<f64>,
    dimensions: Vec<(Setting<Arc<str>>, Value)>,
}

/// Where the value of a dimension comes from.
enum Value {
    Set(Setting<Arc<str>>),
    /// The name says it.
    Default,
}

/// Dimensions whose values need not be written.
const DEFAULTS: [&str; 7] = [
    "API ID",
    "Operation ID",
    "Product ID",
    "User ID",
    "Subscription ID",
    "Location",
    "Gateway ID",
];

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["name", "namespace", "value"]);
    compiler.check_no_text(element);
    let name = compiler.required(element, "name");
    let name = name.and_then(|attribute| compiler.literal(attribute));
    let namespace = match element.attribute("namespace") {
        Some(attribute) => compiler.literal(attribute),
        None => Some("API Management".into()),
    };
    let value = match element.attribute("value") {
        Some(attribute) => compiler.parsed(attribute, Expected::Any, read_number, NUMBER),
        None => Some(Setting::Literal(1.0)),
    };
    let mut dimensions = Vec::new();
    let mut complete = true;
    for child in element.elements() {
        if child.name != "dimension" {
            compiler.unknown_child(element, child, &["dimension"]);
            continue;
        }
        match dimension(child, compiler) {
            Some(dimension) => dimensions.push(dimension),
            None => complete = false,
        }
    }
    if complete && dimensions.is_empty() {
        compiler.error(
            "MissingElement",
            "'emit-metric' needs at least one 'dimension'.",
            element.offset,
        );
        return None;
    }
    let custom = dimensions
        .iter()
        .filter(|(name, _)| {
            name.literal()
                .is_none_or(|name| !DEFAULTS.contains(&name.as_ref()))
        })
        .count();
    if custom > MAX_CUSTOM_DIMENSIONS {
        compiler.error(
            "TooManyElements",
            format!("'emit-metric' can have {MAX_CUSTOM_DIMENSIONS} custom dimensions."),
            element.offset,
        );
        return None;
    }
    Some(Box::new(EmitMetric {
        namespace: namespace?,
        name: name?,
        value: value?,
        dimensions,
    }))
}

fn dimension(element: &Element, compiler: &mut Compiler<'_>) -> Option<(Setting<Arc<str>>, Value)> {
    compiler.check_attributes(element, &["name", "value"]);
    compiler.check_empty(element);
    let attribute = compiler.required(element, "name")?;
    let name = compiler.text(attribute)?;
    let value = match element.attribute("value") {
        Some(attribute) => Value::Set(compiler.text(attribute)?),
        None if name.literal().is_some_and(|name| !is_default(name)) => {
            compiler.error(
                "MissingAttribute",
                format!(
                    "A 'dimension' needs the attribute 'value' unless its name is one of: {}.",
                    DEFAULTS.join(", ")
                ),
                element.offset,
            );
            return None;
        }
        None => {
            if name.literal().is_some_and(|name| **name == *"User ID") {
                compiler.warning(
                    "NoEffect",
                    "The dimension 'User ID' is empty without a 'value': requests carry no user.",
                    element.offset,
                );
            }
            Value::Default
        }
    };
    Some((name, value))
}

fn is_default(name: &str) -> bool {
    DEFAULTS.contains(&name)
}

fn read_number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Statement for EmitMetric {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let value = run.parsed(&self.value, read_number, NUMBER)?;
        let mut dimensions = Vec::with_capacity(self.dimensions.len());
        for (name, value) in &self.dimensions {
            let name = run.text(name)?.into_owned();
            let value = match value {
                Value::Set(value) => run.text(value)?.into_owned(),
                Value::Default => default_value(run, &name),
            };
            dimensions.push((shortened(name), shortened(value)));
        }
        run.host.emit_metric(Metric {
            namespace: Arc::clone(&self.namespace),
            name: Arc::clone(&self.name),
            value,
            dimensions,
        });
        Ok(Flow::Next)
    }
}

/// The value that a dimension's name stands for; empty where the request has none.
fn default_value(run: &Run<'_>, name: &str) -> String {
    let context = &run.context;
    let value = match name {
        "API ID" => context.api.as_ref().map(|api| &api.id),
        "Operation ID" => context.operation.as_ref().map(|operation| &operation.id),
        "Product ID" => context.product.as_ref().map(|product| &product.id),
        "Subscription ID" => context.subscription.as_ref().map(|s| &s.id),
        "Location" => Some(&context.deployment.region),
        "Gateway ID" => Some(&context.deployment.gateway_id),
        _ => None,
    };
    value.map_or_else(String::new, |value| value.to_string())
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}
