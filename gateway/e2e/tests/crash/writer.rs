//! A client that writes at random and remembers what was acknowledged.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gateway_e2e::{Served, identity, named_value, properties};
use gateway_testkit::{AdminClient, Issued};
use http::Method;
use serde_json::{Value, json};

use crate::Random;

/// Plain named values of each writer.
pub(crate) const PLAIN: u64 = 5;

/// What clients read of each resource; a resource that is not there is not here.
pub(crate) type State = BTreeMap<String, String>;

/// One request and what it changes.
pub(crate) struct Op {
    method: Method,
    path: String,
    body: Option<Value>,
    changes: Vec<(String, Option<String>)>,
}

impl Op {
    pub(crate) fn apply(&self, state: &mut State) {
        for (path, value) in &self.changes {
            match value {
                Some(value) => state.insert(path.clone(), value.clone()),
                None => state.remove(path),
            };
        }
    }
}

/// Writes to resources that are its own, and remembers what was acknowledged.
pub(crate) struct Writer {
    pub(crate) number: usize,
    pub(crate) random: Random,
    pub(crate) written: u64,
    pub(crate) acknowledged: State,
    pub(crate) in_flight: Option<Op>,
    pub(crate) revision: u64,
    pub(crate) changes: usize,
    pub(crate) client: Issued,
    pub(crate) uploads: [Issued; 2],
}

impl Writer {
    pub(crate) fn all_paths(number: usize) -> Vec<String> {
        let mut paths = vec![
            format!("namedValues/t{number}-a"),
            format!("namedValues/t{number}-b"),
            format!("identityLists/partners/identities/w{number}"),
            format!("certificates/c{number}"),
        ];
        paths.extend((0..PLAIN).map(|k| format!("namedValues/n{number}-{k}")));
        paths
    }

    pub(crate) fn put(path: String, body: Value, value: String) -> Op {
        Op {
            method: Method::PUT,
            path: format!("/apim/{path}"),
            body: Some(body),
            changes: vec![(path, Some(value))],
        }
    }

    pub(crate) fn next(&mut self) -> Op {
        let number = self.number;
        self.written += 1;
        let token = format!("{number}-{}", self.written);
        let paths = Self::all_paths(number);
        let path = match self.random.below(8) {
            0..=2 => return self.pair(&token),
            3 => paths[2].clone(),
            4 => paths[3].clone(),
            _ => format!("namedValues/n{number}-{}", self.random.below(PLAIN)),
        };
        let is_there = self.acknowledged.contains_key(&path);
        if is_there && self.random.below(2) == 0 {
            return Op {
                method: Method::DELETE,
                path: format!("/apim/{path}"),
                body: None,
                changes: vec![(path, None)],
            };
        }
        if path.starts_with("identityLists/") {
            return Self::put(path, identity(&self.client), "on the list".to_owned());
        }
        if path.starts_with("certificates/") {
            let upload = &self.uploads[usize::from(self.random.below(2) == 0)];
            let data = STANDARD.encode(upload.to_pfx("password").unwrap());
            let body = properties(&json!({ "data": data, "password": "password" }));
            return Self::put(path, body, upload.thumbprint().unwrap());
        }
        let name = path.rsplit('/').next().unwrap().to_owned();
        Self::put(path, named_value(&name, &token), token)
    }

    /// Two named values in one transaction: never one without the other.
    pub(crate) fn pair(&self, token: &str) -> Op {
        let names = ["a", "b"].map(|half| format!("t{}-{half}", self.number));
        let operation = |name: &String| {
            let path = format!("namedValues/{name}");
            json!({ "method": "PUT", "path": path, "body": named_value(name, token) })
        };
        let changed = |name: &String| (format!("namedValues/{name}"), Some(token.to_owned()));
        Op {
            method: Method::POST,
            path: "/apim/transactions".to_owned(),
            body: Some(json!({ "operations": names.each_ref().map(operation) })),
            changes: names.iter().map(changed).collect(),
        }
    }

    /// Writes until the process is gone.
    pub(crate) async fn write(&mut self, admin: &AdminClient) {
        loop {
            let op = self.next();
            let fields = [(http::header::IF_MATCH, "*")];
            let fields = if op.method == Method::DELETE {
                &fields[..]
            } else {
                &[]
            };
            let sent = admin
                .request(op.method.clone(), &op.path, op.body.as_ref(), fields)
                .await;
            let Ok(reply) = sent else {
                self.in_flight = Some(op);
                return;
            };
            let (status, text) = (reply.status, &reply.text);
            assert!(
                status.is_success(),
                "{} {}: {status} {text}",
                op.method,
                op.path
            );
            self.revision = reply.revision().expect("a revision");
            self.changes += 1;
            op.apply(&mut self.acknowledged);
        }
    }

    /// What is there now must be what was acknowledged, or that and the change in flight.
    pub(crate) async fn check(&mut self, served: &Served) {
        let mut found = State::new();
        for path in Self::all_paths(self.number) {
            let reply = served.admin.get(&format!("/apim/{path}")).await.unwrap();
            let properties = &reply.json["properties"];
            let value = match (reply.status.as_u16(), path.split('/').next().unwrap()) {
                (404, _) => continue,
                (200, "namedValues") => properties["value"].as_str().unwrap(),
                (200, "certificates") => properties["thumbprint"].as_str().unwrap(),
                (200, _) => "on the list",
                (status, _) => panic!("GET {path}: {status} {}", reply.text),
            };
            found.insert(path, value.to_owned());
        }
        let in_flight = self.in_flight.take();
        if found == self.acknowledged {
            return;
        }
        let op = in_flight.expect("only a change in flight can be there besides");
        op.apply(&mut self.acknowledged);
        assert_eq!(found, self.acknowledged, "{} {}", op.method, op.path);
    }
}
