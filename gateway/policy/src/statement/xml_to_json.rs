//! `xml-to-json`: an XML body becomes JSON.

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::expression::{Exception, Expected, ToJson, xml_to_json};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, whole_body};

pub(super) const POLICY: Policy = Policy {
    name: "xml-to-json",
    sections: &[Section::Inbound, Section::Outbound, Section::OnError],
    kind: Kind::Statement(compile),
};

const KINDS: &str = "'javascript-friendly' or 'direct'";
const APPLY: &str = "'always' or 'content-type-xml'";

struct XmlToJson {
    javascript: Setting<bool>,
    always: Setting<bool>,
    consider_accept: Setting<bool>,
    always_arrays: Setting<bool>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    const OLD_NAME: &str = "always-array-children";
    compiler.check_attributes(
        element,
        &[
            "kind",
            "apply",
            "consider-accept-header",
            "always-array-child-elements",
            OLD_NAME,
        ],
    );
    compiler.check_empty(element);
    let kind = compiler.required(element, "kind");
    let javascript =
        kind.and_then(|attribute| compiler.parsed(attribute, Expected::Text, read_kind, KINDS));
    let apply = compiler.required(element, "apply");
    let always =
        apply.and_then(|attribute| compiler.parsed(attribute, Expected::Text, read_apply, APPLY));
    let consider_accept = match element.attribute("consider-accept-header") {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(true)),
    };
    // The documentation gave the first name for a while.
    let arrays = element
        .attribute("always-array-child-elements")
        .or_else(|| element.attribute(OLD_NAME));
    let always_arrays = match arrays {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(false)),
    };
    whole_body::need(compiler);
    Some(Box::new(XmlToJson {
        javascript: javascript?,
        always: always?,
        consider_accept: consider_accept?,
        always_arrays: always_arrays?,
    }))
}

fn read_kind(text: &str) -> Option<bool> {
    match text {
        "javascript-friendly" => Some(true),
        "direct" => Some(false),
        _ => None,
    }
}

fn read_apply(text: &str) -> Option<bool> {
    match text {
        "always" => Some(true),
        "content-type-xml" => Some(false),
        _ => None,
    }
}

impl Statement for XmlToJson {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let options = ToJson {
            javascript: run.parsed(&self.javascript, read_kind, KINDS)?,
            always_arrays: run.boolean(&self.always_arrays)?,
        };
        let always = run.parsed(&self.always, read_apply, APPLY)?;
        let consider = run.boolean(&self.consider_accept)?;
        if (!always && !whole_body::is_kind(run, "xml"))
            || (consider && !whole_body::is_accepted(&run.context.request.headers, "json"))
        {
            return Ok(Flow::Next);
        }
        let Some(body) = whole_body::read(run)? else {
            return Ok(Flow::Next);
        };
        let json = match whole_body::decode(&body) {
            Some(text) => xml_to_json(&mut run.budget(), &text, options),
            None => Err(Exception::not_text()),
        };
        let json = json.map_err(|exception| whole_body::cannot(run, &exception))?;
        whole_body::replace(run, json.into_bytes(), Some("application/json"));
        Ok(Flow::Next)
    }
}
