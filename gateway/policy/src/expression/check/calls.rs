//! Calls of methods.

use super::arguments::{Fit, Prepared, PreparedValue};
use super::bindings::{bind_owner, is_open, levels, substitute};
use super::convert::object_as_pairs;
use super::delegates::delegate;
use super::members::{Bound, MethodGroup, needs_receiver};
use super::{Checker, Typed};
use crate::expression::ast::{Argument, Expr, ExprKind};
use crate::expression::library::is_body_type;
use crate::expression::library::registry::{Member, registry};
use crate::expression::node::{Call, Node};
use crate::expression::parser::signature::SignatureKind;
use crate::expression::token::Span;
use crate::expression::types::{Basic, Family, Type, covariant};
use crate::expression::value::Value;
use crate::problem::nearest;

/// Extension methods of APIM that answer for `null` too.
const TAKES_NULL: &[&str] = &["AsJwt", "TryParseJwt", "AsBasic", "TryParseBasic"];

impl Checker<'_> {
    pub(super) fn call(&mut self, target: &Expr, arguments: &[Argument], span: Span) -> Typed {
        if let ExprKind::Name(name, _) = &target.kind
            && let Some(local) = self.local(&name.name, target.span)
            && local.function.is_some()
        {
            return self.call_local(name, &local, arguments);
        }
        match self.bind_callee(target) {
            Bound::Methods(group) => self.call_group(group, arguments, span),
            Bound::Value(value) => self.call_value(value, target, arguments, span),
            Bound::Type(ty) => {
                if !ty.is_unknown() {
                    self.error(
                        "TypeMismatch",
                        target.span,
                        format!("`{}` is a type; creating one needs `new`.", ty.display()),
                    );
                }
                Typed::unknown()
            }
            Bound::Namespace(name) => {
                self.error(
                    "UnknownName",
                    target.span,
                    format!("`{name}` is a namespace."),
                );
                Typed::unknown()
            }
        }
    }

    /// What is called. `context.Request.MatchedParameters("x")` is a dictionary, so it stays a value.
    pub(super) fn bind_callee(&mut self, target: &Expr) -> Bound {
        match &target.kind {
            ExprKind::Name(..) => self.bind(target),
            ExprKind::Member {
                target: object,
                name,
                arguments,
            } => self.bind_called_member(object, name, arguments, target.span),
            _ => Bound::Value(self.expr(target, None)),
        }
    }

    pub(super) fn call_group(
        &mut self,
        group: MethodGroup,
        arguments: &[Argument],
        span: Span,
    ) -> Typed {
        if let Some(receiver) = &group.receiver
            && group.name.name.as_ref() == "Invoke"
            && let Some((parameters, result)) = delegate(&receiver.ty)
            && let Some(receiver) = group.receiver
        {
            return self.invoke(receiver, &parameters, &result, arguments, span);
        }
        let mut prepared = self.prepare(arguments);
        if group.receiver.is_none()
            && group.owner == Type::Basic(Basic::Enumerable)
            && let Some(group) = Self::extension_call(&group, &mut prepared)
        {
            return self.call_prepared(group, prepared, span);
        }
        self.call_prepared(group, prepared, span)
    }

    /// `Enumerable.Where(items, …)` as `items.Where(…)`.
    pub(super) fn extension_call(
        group: &MethodGroup,
        prepared: &mut Vec<Prepared<'_>>,
    ) -> Option<MethodGroup> {
        let has_static = registry()
            .of(&group.owner)
            .iter()
            .any(|member| member.is_static && member.name == group.name.name);
        if has_static || prepared.is_empty() {
            return None;
        }
        let first = prepared.remove(0);
        let PreparedValue::Value(receiver) = first.value else {
            return None;
        };
        Some(MethodGroup {
            owner: receiver.ty.clone(),
            receiver: Some(receiver),
            name: group.name.clone(),
            type_arguments: group.type_arguments.clone(),
        })
    }

    pub(super) fn call_prepared(
        &mut self,
        group: MethodGroup,
        prepared: Vec<Prepared<'_>>,
        span: Span,
    ) -> Typed {
        let unknown_argument = prepared.iter().any(
            |argument| matches!(&argument.value, PreparedValue::Value(value) if value.ty.is_unknown()),
        );
        let is_static = group.receiver.is_none();
        let all = if is_static {
            vec![group.owner.clone()]
        } else {
            levels(&group.owner)
        };
        let mut best: Option<(Fit<'static>, Type)> = None;
        for level in &all {
            let members = registry().of(level).iter().filter(|member| {
                member.kind == SignatureKind::Method
                    && member.is_static == is_static
                    && member.name == group.name.name
                    && extends(&member.owner, level)
            });
            // The owner of a member may bind its parameters differently per level.
            let owner = registry()
                .of(level)
                .iter()
                .find(|member| is_open(&member.owner))
                .map(|member| member.owner.clone());
            let bindings = owner
                .map(|owner| bind_owner(&owner, level))
                .unwrap_or_default();
            if let Some(fit) = Self::best_fit(members, &bindings, &group.type_arguments, &prepared)
            {
                best = Some((fit, level.clone()));
                break;
            }
        }
        let Some((fit, level)) = best else {
            if !unknown_argument && !self.not_yet_method(&group) {
                self.no_overload(&group, &prepared);
            }
            for argument in prepared {
                // Their own problems are still worth telling.
                if let PreparedValue::Function { expr, .. } = argument.value {
                    self.quiet_lambda(expr);
                }
            }
            return Typed::unknown();
        };
        self.finish_call(fit, &level, group, prepared, span)
    }

    pub(super) fn not_yet_method(&mut self, group: &MethodGroup) -> bool {
        if let Some(Type::Unknown) = group.type_arguments.first() {
            return true;
        }
        false
    }

    pub(super) fn finish_call(
        &mut self,
        mut fit: Fit<'static>,
        level: &Type,
        group: MethodGroup,
        prepared: Vec<Prepared<'_>>,
        span: Span,
    ) -> Typed {
        let member = fit.member;
        self.note_call(&group, member);
        if group.owner == Type::Basic(Basic::MessageBody)
            && let [wanted] = group.type_arguments.as_slice()
            && !wanted.is_unknown()
            && !is_body_type(wanted)
        {
            self.error(
                "TypeMismatch",
                group.name.span,
                format!("A body cannot be read as `{}`.", wanted.display()),
            );
        }
        let (mut nodes, outs) = self.finish_arguments(&mut fit, prepared);
        let mut checks_null = false;
        if let Some(receiver) = group.receiver {
            // Members of `IEnumerable<T>` are extension methods: they take `null` and say so.
            let extension = matches!(level, Type::Generic(Family::Enumerable, _))
                || TAKES_NULL.contains(&member.name.as_ref());
            checks_null = needs_receiver(&receiver.ty) && !extension;
            let pairs = extension && receiver.ty == Type::Basic(Basic::JObject);
            let receiver = match level.element() {
                // Its items are pairs where it is not asked for tokens.
                Some(Type::Generic(..)) if pairs => object_as_pairs(receiver.node),
                _ => receiver.node,
            };
            nodes.insert(0, receiver);
        }
        let mut ty = substitute(&member.returns, &fit.bindings);
        if is_open(&ty) {
            self.error(
                "WrongArguments",
                group.name.span,
                format!(
                    "The type arguments of `{}` cannot be inferred.",
                    group.name.name
                ),
            );
            ty = Type::Unknown;
        }
        Self::append_type(member, &ty, &mut nodes);
        if member.owner == Type::Basic(Basic::Regex) {
            self.check_pattern(member, &nodes, span);
        } else if group.name.name.as_ref() == "Split" {
            self.lint_split(&nodes, span);
        }
        if !outs.is_empty() {
            let call = Call {
                native: member.native,
                arguments: nodes.into(),
                checks_null,
                outs: outs.into(),
            };
            return Typed::new(Node::Call(Box::new(call)), ty);
        }
        self.library_call(member.native, nodes, checks_null, ty)
    }

    /// Library functions that make generic objects get the type of their result as a last argument.
    pub(super) fn append_type(member: &Member, result: &Type, nodes: &mut Vec<Node>) {
        let generic = matches!(result, Type::Generic(..) | Type::Array(_));
        if generic || is_open(&member.returns) {
            let token = crate::expression::library::type_argument(result.clone());
            nodes.push(Node::Constant(token));
        }
    }

    /// A pattern that is known now is compiled now, so that its problems are problems of the document.
    pub(super) fn check_pattern(&mut self, member: &Member, nodes: &[Node], span: Span) {
        let at = member
            .parameters
            .iter()
            .position(|parameter| parameter.name.as_ref() == "pattern");
        let Some(Node::Constant(Value::Text(pattern))) = at.and_then(|at| nodes.get(at)) else {
            return;
        };
        let mut options = 0;
        for (parameter, node) in member.parameters.iter().zip(nodes) {
            match node {
                Node::Constant(Value::Enum(_, bits)) => options = *bits,
                _ if parameter.name.as_ref() == "options" => return,
                _ => {}
            }
        }
        if let Some(problem) = crate::expression::library::regex::problem(pattern, options) {
            self.error("InvalidPattern", span, problem);
        }
    }

    pub(super) fn lint_split(&mut self, nodes: &[Node], span: Span) {
        let values: Option<Vec<Value>> = nodes
            .iter()
            .map(|node| match node {
                Node::Constant(value) => Some(value.clone()),
                Node::NewArray(element, items) => {
                    let items: Option<Vec<Value>> = items
                        .iter()
                        .map(|item| match item {
                            Node::Constant(value) => Some(value.clone()),
                            _ => None,
                        })
                        .collect();
                    items.map(|items| {
                        Value::object(crate::expression::object::Object::array(
                            element.clone(),
                            items,
                        ))
                    })
                }
                _ => None,
            })
            .collect();
        let Some(values) = values else { return };
        if let Ok(items) = crate::expression::library::split(&mut self.folding, &values)
            && let Value::Object(items) = items
            && items
                .elements()
                .unwrap_or_default()
                .iter()
                .any(|item| item.as_str() == Some(""))
        {
            self.lint.empty_item(span);
        }
    }

    pub(super) fn note_call(&mut self, group: &MethodGroup, member: &Member) {
        if group.owner == Type::Basic(Basic::Certificate)
            && matches!(member.name.as_ref(), "Verify" | "VerifyNoRevocation")
        {
            self.lint.verifies();
        }
    }

    pub(super) fn no_overload(&mut self, group: &MethodGroup, prepared: &[Prepared<'_>]) {
        let count = prepared.len();
        let all = if group.receiver.is_none() {
            vec![group.owner.clone()]
        } else {
            levels(&group.owner)
        };
        let mut counts: Vec<usize> = all
            .iter()
            .flat_map(|level| registry().of(level))
            .filter(|m| m.kind == SignatureKind::Method && m.name == group.name.name)
            .map(|member| member.parameters.len())
            .collect();
        counts.sort_unstable();
        counts.dedup();
        let name = &group.name.name;
        let message = if counts.is_empty() {
            let known: Vec<&str> = all
                .iter()
                .flat_map(|level| registry().of(level))
                .filter(|member| member.kind == SignatureKind::Method)
                .map(|member| member.name.as_ref())
                .collect();
            let suggestion = nearest(name, known)
                .map(|known| format!(" Did you mean `{known}`?"))
                .unwrap_or_default();
            format!(
                "`{}` has no method `{name}`.{suggestion}",
                group.owner.display()
            )
        } else if counts.contains(&count) {
            let types: Vec<String> = prepared
                .iter()
                .map(|argument| match &argument.value {
                    PreparedValue::Value(value) => value.ty.display(),
                    PreparedValue::Function { .. } => "a function".to_owned(),
                    PreparedValue::Out(_) | PreparedValue::Taken => "out".to_owned(),
                    PreparedValue::Ref(_, ty) => format!("ref {}", ty.display()),
                })
                .collect();
            format!(
                "No overload of `{name}` takes arguments of type ({}).",
                types.join(", ")
            )
        } else {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            format!(
                "`{name}` takes {} arguments, not {count}.",
                counts.join(" or ")
            )
        };
        self.error("WrongArguments", group.name.span, message);
    }
}

/// Whether members of `owner` are members of `level`. Extension methods on sequences of one kind of
/// element (`IEnumerable<XElement>`) are not those of every sequence.
pub(super) fn extends(owner: &Type, level: &Type) -> bool {
    match (owner, level) {
        (Type::Generic(Family::Enumerable, wanted), Type::Generic(Family::Enumerable, found)) => {
            wanted.first().is_some_and(is_open)
                || wanted == found
                || found.first().is_some_and(Type::is_unknown)
                || covariant(level, owner)
        }
        _ => true,
    }
}
