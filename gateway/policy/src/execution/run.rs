//! What a policy sees while it runs.

use std::borrow::Cow;
use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use smallvec::SmallVec;

use crate::context::{Body, Context, Request, Response};
use crate::execution::answer::{Answer, Permit};
use crate::execution::effect::{CachingType, CertificateChoice, Effect, Proxy, Target};
use crate::execution::failure::Failure;
use crate::execution::fiber::Fork;
use crate::expression::{Budget, BudgetKind, BudgetLimits, Exception, Expression, Needs, Value};
use crate::host::Host;
use crate::program::Section;
use crate::statement::Downstream;
use crate::statement::setting::Setting;

/// A failure is large and rare; the way without one stays small.
pub(crate) type Outcome<T> = Result<T, Box<Failure>>;

/// What a policy does with the answer to an effect.
pub(crate) type Then = Box<dyn FnOnce(&mut Run<'_>, Answer) -> Outcome<Flow>>;

/// How the program goes on after a policy.
pub(crate) enum Flow {
    /// With the next one.
    Next,
    /// With the instruction at this index of the same code.
    Jump(usize),
    /// With the next one, when the caller has done something about a body or forwarded the request.
    Need(Box<Effect>),
    /// With the same one again, when the caller has done something about a body.
    NeedFirst(Box<Effect>),
    /// With what the continuation does when the caller has answered, whatever the answer.
    Ask(Box<Effect>, Then),
    /// Not at all: this is the answer.
    Respond(Box<Response>),
    /// With children at the same time.
    Fork(Box<Fork>),
    /// With the parent, if it waits no longer: a child has ended.
    Join,
    /// With the outbound section: the response is there without the backend.
    Answered,
}

impl Flow {
    /// [`Flow::Ask`].
    pub(crate) fn ask(
        effect: Effect,
        then: impl FnOnce(&mut Run<'_>, Answer) -> Outcome<Self> + 'static,
    ) -> Self {
        Self::Ask(Box::new(effect), Box::new(then))
    }
}

/// What policies decide for the rest of the request.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) target: Target,
    pub(crate) client_certificate: Option<CertificateChoice>,
    /// What a `cache-lookup` has found out for the `cache-store`.
    pub(crate) caching: Option<Caching>,
    /// What is done when the answer is there.
    pub(crate) postponed: Vec<Postponed>,
    /// Whether a `cors` has allowed the request's origin.
    pub(crate) cors_decided: bool,
    /// Whether the answer will say that it depends on the origin.
    pub(crate) varies_by_origin: bool,
    /// How many effects the request may still ask for.
    pub(super) effects_left: u32,
    pub(super) effects: u32,
    /// The budgets that ran out, each once.
    pub(super) exceeded: SmallVec<[BudgetKind; 4]>,
}

impl State {
    /// Notes whether a failure is that of a budget, also if nobody hears of the failure.
    pub(super) fn note_exceeded(&mut self, failure: &Failure) {
        if let Some(kind) = failure.exceeded
            && !self.exceeded.contains(&kind)
        {
            self.exceeded.push(kind);
        }
    }

    /// Pays for an effect, or for another round of a loop that may ask for some.
    pub(crate) fn spend_effect(&mut self) -> Outcome<()> {
        match self.effects_left.checked_sub(1) {
            Some(left) => {
                self.effects_left = left;
                Ok(())
            }
            None => Err(Box::new(Failure::effect_budget(self.effects))),
        }
    }
}

/// How the response to this request is to be cached, if it is.
#[derive(Debug, Clone)]
pub(crate) struct Caching {
    pub(crate) key: Arc<str>,
    pub(crate) caching: CachingType,
    pub(crate) downstream: Downstream,
    pub(crate) must_revalidate: bool,
    pub(crate) allow_private: bool,
}

/// What a policy does at the end of a request.
type Last = Box<dyn FnOnce(&mut Run<'_>) -> Outcome<Flow>>;

/// Something that a policy does when the answer is there: it counts by what came of the request.
pub(crate) struct Postponed {
    /// What its expressions read.
    pub(crate) needs: Needs,
    pub(crate) action: Last,
}

/// What belongs to one line of execution.
#[derive(Debug, Default)]
pub(crate) struct Local {
    /// The response that a `return-response` is making.
    pub(crate) response: Option<Response>,
    /// The request that a `send-request` is making.
    pub(crate) draft: Option<Box<Draft>>,
    /// Blocks that have been entered and not left, the innermost last.
    pub(crate) blocks: Vec<Block>,
}

/// A request in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    /// Method, URL, headers and body so far.
    pub(crate) request: Request,
    /// Whether the URL is known.
    pub(crate) has_url: bool,
    pub(crate) client_certificate: Option<CertificateChoice>,
    pub(crate) proxy: Option<Proxy>,
}

/// A block with a beginning and an end.
#[derive(Debug)]
pub(crate) enum Block {
    /// `retry`: how many times it has been run again.
    Retry(u32),
    /// `limit-concurrency`: the entrance, given back with the block.
    #[expect(dead_code, reason = "held to be dropped")]
    Permit(Permit),
}

/// One policy's view of the request.
pub(crate) struct Run<'a> {
    pub(crate) context: &'a mut Context,
    pub(crate) host: &'a dyn Host,
    pub(crate) state: &'a mut State,
    pub(crate) local: &'a mut Local,
    pub(crate) limits: BudgetLimits,
    pub(crate) section: Section,
}

impl Run<'_> {
    /// The value of an expression. Each evaluation has the whole budget.
    pub(crate) fn evaluate(&mut self, expression: &Expression) -> Outcome<Value> {
        let mut budget = Budget::new(self.limits);
        expression
            .evaluate(self.context, self.host, &mut budget)
            .map_err(|exception| {
                let failure = threw(exception);
                // Some policies go on without the value.
                self.state.note_exceeded(&failure);
                failure
            })
    }

    /// The text of a setting; an expression that gives null gives `None`.
    pub(crate) fn text_or_null<'s>(
        &mut self,
        setting: &'s Setting<Arc<str>>,
    ) -> Outcome<Option<Cow<'s, str>>> {
        match setting {
            Setting::Literal(text) => Ok(Some(Cow::Borrowed(text))),
            Setting::Code(expression) => {
                let value = self.evaluate(expression)?;
                if value.is_null() {
                    return Ok(None);
                }
                Ok(Some(Cow::Owned(value.to_text().map_err(threw)?)))
            }
        }
    }

    /// The text of a setting; null is empty.
    pub(crate) fn text<'s>(&mut self, setting: &'s Setting<Arc<str>>) -> Outcome<Cow<'s, str>> {
        Ok(self.text_or_null(setting)?.unwrap_or(Cow::Borrowed("")))
    }

    /// The value of a setting that has its own type: a literal was read when it was compiled, the
    /// text of an expression is read now. `expected` completes "the expression gave 'x' where …".
    pub(crate) fn parsed<T: Clone>(
        &mut self,
        setting: &Setting<T>,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Outcome<T> {
        match setting {
            Setting::Literal(value) => Ok(value.clone()),
            Setting::Code(expression) => {
                let text = self.evaluate(expression)?.to_text().map_err(threw)?;
                read(text.trim()).ok_or_else(|| wrong_value(&text, expected))
            }
        }
    }

    /// A value as text.
    pub(crate) fn print(&self, value: &Value) -> Outcome<String> {
        value.to_text().map_err(threw)
    }

    /// The value of a condition. Only a boolean is one.
    pub(crate) fn boolean(&mut self, setting: &Setting<bool>) -> Outcome<bool> {
        match setting {
            Setting::Literal(value) => Ok(*value),
            Setting::Code(expression) => {
                let value = self.evaluate(expression)?;
                match value.as_bool() {
                    Some(value) => Ok(value),
                    None => Err(wrong_value(&value.to_text().map_err(threw)?, "a boolean")),
                }
            }
        }
    }

    /// The headers that `set-header` changes here.
    pub(crate) fn headers(&mut self) -> &mut HeaderMap {
        match self.message() {
            Message::Request(request) => &mut request.headers,
            Message::Response(response) => &mut response.headers,
        }
    }

    /// The message that policies change here: the request or response that is being made, the request
    /// before it was answered, the response after that.
    pub(crate) fn message(&mut self) -> Message<'_> {
        if let Some(draft) = &mut self.local.draft {
            return Message::Request(&mut draft.request);
        }
        if let Some(response) = &mut self.local.response {
            return Message::Response(response);
        }
        match self.section {
            Section::Inbound | Section::Backend => Message::Request(&mut self.context.request),
            Section::Outbound | Section::OnError => {
                Message::Response(self.context.response.get_or_insert_with(empty_response))
            }
        }
    }

    /// Which of the gateway's certificates the request in the making, or the forwarded one, carries.
    pub(crate) fn client_certificate(&mut self) -> &mut Option<CertificateChoice> {
        match &mut self.local.draft {
            Some(draft) => &mut draft.client_certificate,
            None => &mut self.state.client_certificate,
        }
    }

    /// A budget for work on values outside of expressions.
    pub(crate) fn budget(&self) -> Budget {
        Budget::new(self.limits)
    }

    /// The response, made if there is none yet.
    pub(crate) fn response(&mut self) -> &mut Response {
        match &mut self.local.response {
            Some(response) => response,
            None => self.context.response.get_or_insert_with(empty_response),
        }
    }
}

/// A request or a response.
pub(crate) enum Message<'a> {
    Request(&'a mut Request),
    Response(&'a mut Response),
}

/// 200 without anything.
pub(crate) fn empty_response() -> Response {
    Response {
        status: StatusCode::OK,
        reason: None,
        headers: HeaderMap::new(),
        body: Body::None,
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn threw(exception: Exception) -> Box<Failure> {
    Box::new(Failure::expression(&exception))
}

fn wrong_value(text: &str, expected: &str) -> Box<Failure> {
    const SHOWN: usize = 100;
    let shown: String = text.chars().take(SHOWN).collect();
    Box::new(Failure::internal(
        "ExpressionValueEvaluationFailure",
        format!(
            "Expression evaluation failed. The expression gave '{shown}', which is not {expected}."
        ),
    ))
}
