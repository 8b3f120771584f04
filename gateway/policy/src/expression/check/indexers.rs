//! Indexers and constructors.

use super::arguments::{Fit, Prepared, PreparedValue};
use super::bindings::{bind_owner, is_open, levels, substitute};
use super::calls::extends;
use super::members::needs_receiver;
use super::{Checker, Typed};
use crate::expression::ast::{Argument, Expr};
use crate::expression::library::registry::registry;
use crate::expression::node::{Native, Node};
use crate::expression::parser::signature::SignatureKind;
use crate::expression::token::Span;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;
use crate::problem::nearest;

impl Checker<'_> {
    /// `target[arguments]`.
    pub(super) fn index(&mut self, target: &Expr, arguments: &[Argument], span: Span) -> Typed {
        let value = self.expr(target, None);
        let prepared = self.prepare(arguments);
        match self.find_indexer(&value, &prepared, false) {
            Some((mut fit, _)) => {
                let ty = substitute(&fit.member.returns, &fit.bindings);
                let native = fit.member.native;
                let (mut nodes, _) = self.finish_arguments(&mut fit, prepared);
                self.note_index(&value.ty, &nodes, span);
                let checks_null = needs_receiver(&value.ty);
                nodes.insert(0, value.node);
                self.library_call(native, nodes, checks_null, ty)
            }
            None => {
                if !value.ty.is_unknown() {
                    self.no_indexer(&value.ty, span);
                }
                Typed::unknown()
            }
        }
    }

    pub(super) fn no_indexer(&mut self, ty: &Type, span: Span) {
        self.error(
            "TypeMismatch",
            span,
            format!(
                "`[]` with these arguments cannot be applied to `{}`.",
                ty.display()
            ),
        );
    }

    /// The getter, or the setter, that takes the arguments. A setter's value is left out.
    pub(super) fn find_indexer(
        &mut self,
        value: &Typed,
        prepared: &[Prepared<'_>],
        setter: bool,
    ) -> Option<(Fit<'static>, Type)> {
        for level in levels(&value.ty) {
            let members = registry().of(&level).iter().filter(|member| {
                member.kind == SignatureKind::Indexer
                    && (member.returns == Type::Void) == setter
                    && extends(&member.owner, &level)
            });
            let owner = registry()
                .of(&level)
                .iter()
                .find(|member| is_open(&member.owner))
                .map(|member| member.owner.clone());
            let bindings = owner
                .map(|owner| bind_owner(&owner, &level))
                .unwrap_or_default();
            if let Some(fit) = Self::best_fit(members, &bindings, &[], prepared) {
                return Some((fit, level));
            }
        }
        None
    }

    /// References by literal name.
    pub(super) fn note_index(&mut self, ty: &Type, arguments: &[Node], span: Span) {
        let [Node::Constant(Value::Text(id))] = arguments else {
            return;
        };
        match ty {
            Type::Basic(Basic::IdentityLists) => {
                let lists = self.names.identity_lists();
                if !lists.iter().any(|known| known.as_str() == id.as_str()) {
                    let suggestion = nearest(id, lists.iter().map(String::as_str))
                        .map(|known| format!(" Did you mean `{known}`?"))
                        .unwrap_or_default();
                    self.error(
                        "UnknownIdentityList",
                        span,
                        format!("There is no identity list `{}`.{suggestion}", id.as_str()),
                    );
                }
                remember(&mut self.out.identity_lists, id);
            }
            Type::Basic(Basic::CertificateMap) => remember(&mut self.out.certificates, id),
            _ => {}
        }
    }

    /// A constructor call; `None` after a problem.
    pub(super) fn construct(
        &mut self,
        ty: &Type,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Node> {
        let prepared = self.prepare(arguments);
        let members = registry()
            .of(ty)
            .iter()
            .filter(|m| m.kind == SignatureKind::Constructor);
        let owner = registry().of(ty).first().map(|member| member.owner.clone());
        let bindings = owner
            .map(|owner| bind_owner(&owner, ty))
            .unwrap_or_default();
        let Some(mut fit) = Self::best_fit(members, &bindings, &[], &prepared) else {
            let unknown = prepared
                .iter()
                .any(|a| matches!(&a.value, PreparedValue::Value(value) if value.ty.is_unknown()));
            if !unknown {
                self.error(
                    "WrongArguments",
                    span,
                    format!(
                        "`{}` has no constructor with these arguments.",
                        ty.display()
                    ),
                );
            }
            return None;
        };
        let native = fit.member.native;
        let member = fit.member;
        let (mut nodes, _) = self.finish_arguments(&mut fit, prepared);
        if *ty == Type::Basic(Basic::Regex) {
            self.check_pattern(member, &nodes, span);
        }
        if matches!(ty, Type::Generic(..) | Type::Exception(_)) {
            nodes.push(Node::Constant(crate::expression::library::type_argument(
                ty.clone(),
            )));
        }
        Some(self.library_call(native, nodes, false, ty.clone()).node)
    }

    /// A native of the library by its owner and name, for code the checker itself makes.
    pub(super) fn known_method(&self, ty: &Type, name: &str, count: usize) -> Option<Native> {
        levels(ty)
            .iter()
            .flat_map(|level| registry().of(level))
            .find_map(|member| {
                (member.name.as_ref() == name
                    && member.parameters.len() == count
                    && member.kind == SignatureKind::Method)
                    .then_some(member.native)
            })
    }
}

/// Adds a name once.
pub(super) fn remember(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}
