//! The members of all types, read once from their signatures.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::expression::ast::{ExprKind, Literal};
use crate::expression::check::resolve::resolve;
use crate::expression::node::Native;
use crate::expression::parser::signature::{self, Signature, SignatureKind};
use crate::expression::text::Text;
use crate::expression::token::IntegerLiteral;
use crate::expression::types::{Basic, Enumeration, Family, Type};
use crate::expression::value::Value;

/// A member as the library's tables write it.
pub(crate) struct Entry {
    pub(crate) signature: &'static str,
    pub(crate) native: Native,
}

/// Members of one type, whose type parameters are the arguments it is written with.
pub(crate) struct Group {
    pub(crate) owner: &'static str,
    pub(crate) entries: &'static [Entry],
}

/// A member ready for binding.
#[derive(Debug)]
pub(crate) struct Member {
    /// The type it belongs to, over its own type parameters.
    pub(crate) owner: Type,
    pub(crate) kind: SignatureKind,
    pub(crate) is_static: bool,
    pub(crate) name: Arc<str>,
    /// Type parameters of the method itself.
    pub(crate) type_parameters: Vec<Arc<str>>,
    pub(crate) parameters: Vec<Parameter>,
    /// [`Type::Void`] for a setter of an indexer.
    pub(crate) returns: Type,
    pub(crate) native: Native,
}

/// A parameter of a member.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: Arc<str>,
    pub(crate) ty: Type,
    pub(crate) out: bool,
    pub(crate) params: bool,
    pub(crate) default: Option<Value>,
}

/// What members are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Head {
    Basic(Basic),
    Family(Family),
    Enumeration(Enumeration),
    Array,
    /// `byte[]`, which has extension methods of its own beside what every array has.
    Bytes,
    Nullable,
    Exception,
    AnyEnumeration,
}

/// All members by type.
pub(crate) struct Registry {
    members: HashMap<Head, Vec<Member>>,
    /// Signatures that could not be read; a test keeps this empty.
    pub(crate) broken: Vec<String>,
}

/// The registry, built on first use.
pub(crate) fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::new(super::GROUPS))
}

impl Registry {
    fn new(tables: &[&[&Group]]) -> Self {
        let mut registry = Self {
            members: HashMap::new(),
            broken: Vec::new(),
        };
        for group in tables.iter().copied().flatten() {
            registry.add(group);
        }
        registry
    }

    fn add(&mut self, group: &Group) {
        let array = |head| {
            let parameter: Arc<str> = "T".into();
            let ty = Type::array(Type::Parameter(Arc::clone(&parameter)));
            Some((head, ty, vec![parameter]))
        };
        let owner = match group.owner {
            "enum" => Some((Head::AnyEnumeration, Type::OBJECT, Vec::new())),
            "T[]" => {
                self.add_to(group, array(Head::Bytes));
                array(Head::Array)
            }
            "byte[]" => {
                let ty = Type::array(Type::Basic(Basic::Byte));
                Some((Head::Bytes, ty, Vec::new()))
            }
            text => owner(text),
        };
        self.add_to(group, owner);
    }

    fn add_to(&mut self, group: &Group, owner: Option<(Head, Type, Vec<Arc<str>>)>) {
        let Some((head, owner, parameters)) = owner else {
            self.broken.push(group.owner.to_owned());
            return;
        };
        for entry in group.entries {
            let member = signature::parse(entry.signature)
                .ok()
                .and_then(|signature| member(signature, &owner, &parameters, entry.native));
            match member {
                // An operator runs where there is no machine.
                Some(member)
                    if member.name.starts_with("op_")
                        && matches!(member.native, Native::Full(_)) =>
                {
                    self.broken
                        .push(format!("{}: {}", group.owner, entry.signature));
                }
                Some(member) => self.members.entry(head).or_default().push(member),
                None => self
                    .broken
                    .push(format!("{}: {}", group.owner, entry.signature)),
            }
        }
    }

    /// The members declared by a type itself, not by its bases.
    pub(crate) fn of(&self, ty: &Type) -> &[Member] {
        let head = match ty {
            Type::Basic(basic) => Head::Basic(*basic),
            Type::Array(element) if **element == Type::Basic(Basic::Byte) => Head::Bytes,
            Type::Array(_) => Head::Array,
            Type::Nullable(_) => Head::Nullable,
            Type::Generic(family, _) => Head::Family(*family),
            Type::Enumeration(_) => Head::AnyEnumeration,
            Type::Exception(_) => Head::Exception,
            _ => return &[],
        };
        self.members.get(&head).map_or(&[], Vec::as_slice)
    }
}

/// The owner of a group, and its type parameters.
fn owner(text: &str) -> Option<(Head, Type, Vec<Arc<str>>)> {
    let reference = signature::parse_owner(text).ok()?;
    let parameters: Vec<Arc<str>> = ["T", "TKey", "TValue", "TElement"]
        .into_iter()
        .chain(["T1", "T2", "T3", "T4", "T5", "T6", "T7"])
        .map(Arc::from)
        .collect();
    let ty = resolve(&reference, &parameters).ok()?;
    let head = match &ty {
        Type::Basic(basic) => Head::Basic(*basic),
        Type::Generic(family, _) => Head::Family(*family),
        Type::Enumeration(enumeration) => Head::Enumeration(*enumeration),
        Type::Nullable(_) => Head::Nullable,
        Type::Exception(_) => Head::Exception,
        _ => return None,
    };
    Some((head, ty, parameters))
}

fn member(
    signature: Signature,
    owner: &Type,
    outer: &[Arc<str>],
    native: Native,
) -> Option<Member> {
    let mut scope = signature.type_parameters.clone();
    scope.extend_from_slice(outer);
    let returns = match &signature.returns {
        Some(ty) => resolve(ty, &scope).ok()?,
        None => owner.clone(),
    };
    let parameters = signature
        .parameters
        .into_iter()
        .map(|parameter| {
            let default = match parameter.default {
                Some(expr) => Some(constant(&expr.kind)?),
                None => None,
            };
            let ty = resolve(&parameter.ty, &scope).ok()?;
            let default = match (default, &ty) {
                (Some(Value::Int(number)), Type::Enumeration(enumeration)) => {
                    Some(Value::Enum(*enumeration, number))
                }
                (default, _) => default,
            };
            let (out, params) = (parameter.out, parameter.params);
            Some(Parameter {
                ty,
                name: parameter.name,
                out,
                params,
                default,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Member {
        owner: owner.clone(),
        kind: signature.kind,
        is_static: signature.is_static,
        name: signature.name,
        type_parameters: signature.type_parameters,
        parameters,
        returns,
        native,
    })
}

fn constant(kind: &ExprKind) -> Option<Value> {
    Some(match kind {
        ExprKind::Literal(Literal::Null) => Value::Null,
        ExprKind::Literal(Literal::Bool(value)) => Value::Bool(*value),
        ExprKind::Literal(Literal::Integer(IntegerLiteral::Int(value))) => Value::Int(*value),
        ExprKind::Literal(Literal::String(text)) => Value::Text(Text::literal(Arc::clone(text))),
        _ => return None,
    })
}
