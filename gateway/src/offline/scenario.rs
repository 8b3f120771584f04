//! A request that never was: through a compiled document, with everything around it made up.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use gateway_config::judge::Identity;
use gateway_policy::context::uuid_bytes::RequestId;
use gateway_policy::context::{Api, Body, Context, Operation, Product, Request, Url};
use gateway_policy::execution::{Execution, Step};
use gateway_policy::expression::{BudgetLimits, Value};
use gateway_policy::host::Host as _;
use gateway_policy::program::Program;
use gateway_tls::chain::PresentedChain;
use http::{HeaderMap, Method};
use serde_json::json;

use super::Unusable;
use super::host::OfflineHost;
use super::outcome::{Outcome, Variable};
use super::performer::{Memory, Performer, Script};
use super::world::OfflineWorld;

/// The request and what surrounds it.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Method.
    pub method: Method,
    /// URL as the client sends it.
    pub url: Url,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, empty for none.
    pub body: Bytes,
    /// Address of the client.
    pub client_ip: IpAddr,
    /// What the client presents, leaf first, DER.
    pub certificates: Vec<Arc<[u8]>>,
    /// Path prefix of the API, without slashes around it.
    pub api_path: String,
    /// Name of the API.
    pub api: String,
    /// Name of the operation.
    pub operation: String,
    /// Name of the product, if the request comes through one.
    pub product: Option<String>,
    /// `context.Request.MatchedParameters`.
    pub matched_parameters: Vec<(String, String)>,
    /// Variables that exist before the first policy, all texts.
    pub variables: Vec<(String, String)>,
    /// The servers.
    pub script: Script,
}

/// Why a request did not end: a defect of the gateway, not of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck(pub &'static str);

/// How many steps one request may take, so that a defect cannot hang the command.
const MAX_STEPS: u32 = 100_000;

impl Scenario {
    /// `GET` of a URL, without anything else, forwarded to `script`'s backend.
    #[must_use]
    pub fn new(method: Method, url: Url, script: Script) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificates: Vec::new(),
            api_path: String::new(),
            api: "api".to_owned(),
            operation: "operation".to_owned(),
            product: None,
            matched_parameters: Vec::new(),
            variables: Vec::new(),
            script,
        }
    }

    /// Who the client is.
    ///
    /// # Errors
    /// If the certificate cannot be used.
    pub fn identity(&self) -> Result<Option<Rc<Identity>>, Unusable> {
        if self.certificates.is_empty() {
            return Ok(None);
        }
        let chain = PresentedChain::new(self.certificates.clone())
            .ok_or_else(|| Unusable("too many or too large certificates".to_owned()))?;
        let identity = Identity::from_chain(chain).map_err(|error| Unusable(error.to_string()))?;
        Ok(Some(Rc::new(identity)))
    }

    /// Runs the request; `number` tells several requests of one command apart.
    ///
    /// # Errors
    /// [`Stuck`] if the gateway itself fails.
    pub fn run(
        &self,
        program: &Arc<Program>,
        world: &OfflineWorld,
        identity: Option<&Rc<Identity>>,
        memory: &mut Memory,
        number: u64,
    ) -> Result<Outcome, Stuck> {
        let host = world.host(identity.cloned(), number);
        let context = self.context(world, &host, identity.map(|it| &**it));
        let mut performer = Performer::new(&self.script, world.clock(), memory, self.body.clone());
        let mut execution = Execution::new(Arc::clone(program), context, BudgetLimits::default());
        let mut steps = 0;
        let failed = loop {
            steps += 1;
            if steps > MAX_STEPS {
                return Err(Stuck("the request does not come to an end"));
            }
            match execution.run(&host) {
                Step::Continue(_) => {}
                Step::Need(id, effect) => performer.begin(id, effect),
                Step::Cancel(id) => performer.cancel(id),
                Step::Blocked => {
                    if !performer.answer_one(&mut execution) {
                        return Err(Stuck("the request waits for nothing"));
                    }
                }
                Step::Respond => break false,
                Step::Fail => break true,
            }
        };
        Ok(outcome(execution, performer, &host, failed))
    }

    fn context(
        &self,
        world: &OfflineWorld,
        host: &OfflineHost,
        identity: Option<&Identity>,
    ) -> Context {
        let mut id = [0; 16];
        host.random(&mut id);
        let api_path = self.api_path.trim_matches('/');
        let relative = (!api_path.is_empty())
            .then(|| self.url.path.strip_prefix('/')?.strip_prefix(api_path))
            .flatten()
            .filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = match relative {
            Some("") => "/",
            Some(rest) => rest,
            None => &self.url.path,
        };
        let body = if self.body.is_empty() {
            Body::None
        } else {
            Body::Streaming
        };
        let variable = |(name, value): &(String, String)| -> (Arc<str>, Value) {
            (Arc::from(name.as_str()), Value::from(value.as_str()))
        };
        let parameter = |(name, value): &(String, String)| -> (Arc<str>, String) {
            (Arc::from(name.as_str()), value.clone())
        };
        Context {
            request_id: RequestId(version_4(id)),
            timestamp: host.now(),
            request: Request {
                method: self.method.clone(),
                original_url: self.url.clone(),
                url: Url {
                    path: path.to_owned(),
                    ..self.url.clone()
                },
                headers: self.headers.clone(),
                ip_address: self.client_ip,
                certificate: identity.map(|it| Arc::clone(&it.certificate)),
                matched_parameters: self.matched_parameters.iter().map(parameter).collect(),
                body,
            },
            response: None,
            api: Some(Arc::new(Api {
                id: self.api.as_str().into(),
                name: self.api.as_str().into(),
                path: api_path.into(),
                revision: "1".into(),
                version: "".into(),
                service_url: Some(self.script.service_url.clone()),
                protocols: vec!["https".into()],
                key_header: "Ocp-Apim-Subscription-Key".into(),
                key_query: "subscription-key".into(),
            })),
            operation: Some(Arc::new(Operation {
                id: self.operation.as_str().into(),
                name: self.operation.as_str().into(),
                method: self.method.as_str().into(),
                url_template: "/*".into(),
                template_parameters: Vec::new(),
                request: Default::default(),
                responses: Vec::new(),
            })),
            product: self.product.as_deref().map(|name| Arc::new(product(name))),
            subscription: None,
            variables: self.variables.iter().map(variable).collect(),
            last_error: None,
            deployment: world.deployment(),
            sent: Default::default(),
        }
    }
}

/// A published product that demands a subscription.
fn product(name: &str) -> Product {
    Product {
        id: name.into(),
        name: name.into(),
        is_published: true,
        approval_required: false,
        subscription_required: true,
        subscriptions_limit: None,
    }
}

/// Random bytes as a GUID of version 4 (RFC 9562 section 5.4).
fn version_4(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[6] = (bytes[6] & 0x0F) | 0x40;
    bytes[8] = (bytes[8] & 0x3F) | 0x80;
    bytes
}

fn outcome(
    execution: Execution,
    performer: Performer<'_>,
    host: &OfflineHost,
    failed: bool,
) -> Outcome {
    let variables = execution
        .context()
        .variables
        .iter()
        .map(|(name, value)| Variable {
            name: Arc::clone(name),
            type_name: value.type_name(),
            text: value
                .to_text()
                .unwrap_or_else(|exception| format!("({})", exception.message)),
        })
        .collect();
    let mut effects = performer.effects;
    effects.extend(host.take_metrics().into_iter().map(|metric| {
        json!({
            "effect": "emit-metric",
            "namespace": &*metric.namespace,
            "name": &*metric.name,
            "value": metric.value,
            "dimensions": metric.dimensions,
        })
    }));
    effects.extend(host.take_logged().into_iter().map(
        |(logger, message)| json!({ "effect": "log", "logger": logger, "text": message.text }),
    ));
    let last_error = execution.last_error().cloned();
    let response = execution.into_response();
    let standard = response.status.canonical_reason().unwrap_or_default();
    Outcome {
        forwarded: performer.forwarded,
        status: response.status,
        reason: response.reason.as_deref().unwrap_or(standard).to_owned(),
        headers: response.headers,
        body: match response.body {
            Body::Bytes(bytes) => bytes,
            Body::Streaming => performer.response_body,
            Body::None | Body::Consumed => Bytes::new(),
        },
        variables,
        traces: host.take_traces(),
        last_error,
        failed,
        effects,
    }
}
