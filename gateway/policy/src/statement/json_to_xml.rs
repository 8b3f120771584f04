//! `json-to-xml`: a JSON body becomes XML.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::expression::{Exception, Expected, FromJson, json_to_xml};
use crate::program::{Compiler, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement, whole_body};

pub(super) const POLICY: Policy = Policy {
    name: "json-to-xml",
    sections: &[Section::Inbound, Section::Outbound, Section::OnError],
    kind: Kind::Statement(compile),
};

const APPLY: &str = "'always' or 'content-type-json'";

struct JsonToXml {
    always: Setting<bool>,
    consider_accept: Setting<bool>,
    parse_date: bool,
    separator: Setting<Arc<str>>,
    namespace_prefix: Option<Setting<Arc<str>>>,
    attribute_block: Option<Setting<Arc<str>>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(
        element,
        &[
            "apply",
            "consider-accept-header",
            "parse-date",
            "namespace-separator",
            "namespace-prefix",
            "attribute-block-name",
        ],
    );
    compiler.check_empty(element);
    let apply = compiler.required(element, "apply");
    let always =
        apply.and_then(|attribute| compiler.parsed(attribute, Expected::Text, read_apply, APPLY));
    let consider_accept = match element.attribute("consider-accept-header") {
        Some(attribute) => compiler.boolean(attribute),
        None => Some(Setting::Literal(true)),
    };
    let parse_date = compiler.flag(element, "parse-date", true);
    let mut optional = |name| match element.attribute(name) {
        Some(attribute) => compiler.text(attribute).map(Some),
        None => Some(None),
    };
    let separator = optional("namespace-separator");
    let namespace_prefix = optional("namespace-prefix");
    let attribute_block = optional("attribute-block-name");
    whole_body::need(compiler);
    Some(Box::new(JsonToXml {
        always: always?,
        consider_accept: consider_accept?,
        parse_date,
        separator: separator?.unwrap_or_else(|| Setting::Literal("_".into())),
        namespace_prefix: namespace_prefix?,
        attribute_block: attribute_block?,
    }))
}

fn read_apply(text: &str) -> Option<bool> {
    match text {
        "always" => Some(true),
        "content-type-json" => Some(false),
        _ => None,
    }
}

/// A setting that is absent or empty gives nothing.
fn given(run: &mut Run<'_>, setting: Option<&Setting<Arc<str>>>) -> Outcome<Option<String>> {
    let Some(setting) = setting else {
        return Ok(None);
    };
    let text = run.text(setting)?.into_owned();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

impl Statement for JsonToXml {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let always = run.parsed(&self.always, read_apply, APPLY)?;
        let consider = run.boolean(&self.consider_accept)?;
        let options = FromJson {
            parse_date: self.parse_date,
            separator: run.text(&self.separator)?.into_owned(),
            namespace_prefix: given(run, self.namespace_prefix.as_ref())?,
            attribute_block: given(run, self.attribute_block.as_ref())?,
        };
        if (!always && !whole_body::is_kind(run, "json"))
            || (consider && !whole_body::is_accepted(&run.context.request.headers, "xml"))
        {
            return Ok(Flow::Next);
        }
        let Some(body) = whole_body::read(run)? else {
            return Ok(Flow::Next);
        };
        let xml = match whole_body::decode(&body) {
            Some(text) => json_to_xml(&mut run.budget(), &text, &options),
            None => Err(Exception::not_text()),
        };
        let xml = xml.map_err(|exception| whole_body::cannot(run, &exception))?;
        whole_body::replace(run, xml.into_bytes(), Some("application/xml"));
        Ok(Flow::Next)
    }
}
