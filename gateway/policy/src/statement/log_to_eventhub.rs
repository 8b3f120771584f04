//! `log-to-eventhub`: gives a message to a logger, which delivers it in its own time.

use std::sync::Arc;

use crate::document::Element;
use crate::execution::{Flow, Outcome, Run};
use crate::expression::Expected;
use crate::host::LoggerMessage;
use crate::program::{Compiler, ResourceKind, Section};

use super::setting::Setting;
use super::{Kind, Policy, Statement};

pub(super) const POLICY: Policy = Policy {
    name: "log-to-eventhub",
    sections: &Section::ALL,
    kind: Kind::Statement(compile),
};

/// Bytes of a message; the rest is cut off, as documented.
const MAX_BYTES: usize = 200 * 1024;

struct LogToEventHub {
    logger: Arc<str>,
    partition_id: Option<Arc<str>>,
    partition_key: Option<Setting<Arc<str>>>,
    message: Setting<Arc<str>>,
}

fn compile(element: &Element, compiler: &mut Compiler<'_>) -> Option<Box<dyn Statement>> {
    compiler.check_attributes(element, &["logger-id", "partition-id", "partition-key"]);
    let logger = compiler.required(element, "logger-id").and_then(|a| {
        let id = compiler.literal(a)?;
        compiler.reference(ResourceKind::Logger, &id, a);
        Some(id)
    });
    let id = element.attribute("partition-id");
    let key = element.attribute("partition-key");
    if let (Some(id), Some(_)) = (id, key) {
        compiler.error(
            "InvalidAttributes",
            "'log-to-eventhub' takes either 'partition-id' or 'partition-key', not both.",
            id.offset,
        );
        return None;
    }
    let partition_id = match id {
        Some(a) => {
            let digits = |text: &str| text.parse::<u32>().is_ok().then(|| text.into());
            Some(compiler.literal_as(a, digits, "the index of a partition")?)
        }
        None => None,
    };
    let partition_key = match key {
        Some(attribute) => Some(compiler.text(attribute)?),
        None => None,
    };
    for child in element.elements() {
        compiler.unknown_child(element, child, &[]);
    }
    let message = compiler.setting(&element.text(), Expected::Any, true);
    Some(Box::new(LogToEventHub {
        logger: logger?,
        partition_id,
        partition_key,
        message: message?,
    }))
}

impl Statement for LogToEventHub {
    fn execute(&self, run: &mut Run<'_>) -> Outcome<Flow> {
        let mut text = run.text(&self.message)?.into_owned();
        // A character that would be cut through goes too.
        let end = (0..=MAX_BYTES.min(text.len())).rev();
        if let Some(end) = end.into_iter().find(|end| text.is_char_boundary(*end)) {
            text.truncate(end);
        }
        let partition_key = match &self.partition_key {
            Some(key) => run.text_or_null(key)?.map(std::borrow::Cow::into_owned),
            None => None,
        };
        run.host.log_to(
            &self.logger,
            LoggerMessage {
                text,
                partition_id: self.partition_id.clone(),
                partition_key,
            },
        );
        Ok(Flow::Next)
    }
}
