//! What names and member accesses mean.

use super::bindings::{Bindings, bind_owner, levels, substitute};
use super::resolve::{is_namespace, is_not_yet, lookup, named, suggest};
use super::scope::read;
use super::{Checker, Typed};
use crate::expression::ast::{Expr, ExprKind, Ident, TypeRef};
use crate::expression::handle::Handle;
use crate::expression::library::registry::{Member, registry};
use crate::expression::node::{Call, Native, Node};
use crate::expression::parser::signature::SignatureKind;
use crate::expression::token::Span;
use crate::expression::types::{Basic, Family, Type};
use crate::expression::value::Value;
use crate::problem::nearest;

/// What a name or a member access means.
pub(super) enum Bound {
    Value(Typed),
    Type(Type),
    Namespace(String),
    Methods(MethodGroup),
}

/// Methods of one name, to be called.
pub(super) struct MethodGroup {
    /// `None` for static methods.
    pub(super) receiver: Option<Typed>,
    pub(super) owner: Type,
    pub(super) name: Ident,
    pub(super) type_arguments: Vec<Type>,
}

/// Members of `context` that APIM has and this gateway does not.
pub(super) const CONTEXT_NOT_YET: &[(Basic, &str)] = &[
    (Basic::Context, "GraphQL"),
    (Basic::Context, "Backend"),
    (Basic::Context, "Principal"),
    (Basic::Request, "Foundry"),
    (Basic::Request, "AzureVnetInfo"),
    (Basic::Deployment, "SustainabilityInfo"),
    (Basic::Certificate, "Extensions"),
    (Basic::Object, "GetType"),
    (Basic::TimeZoneInfo, "StandardName"),
    (Basic::TimeZoneInfo, "DaylightName"),
    (Basic::TimeZoneInfo, "GetAdjustmentRules"),
    (Basic::TimeZoneInfo, "GetAmbiguousTimeOffsets"),
    (Basic::TimeZoneInfo, "HasSameRules"),
];

impl Checker<'_> {
    /// What an expression in front of a `.` or `(` means.
    pub(super) fn bind(&mut self, expr: &Expr) -> Bound {
        match &expr.kind {
            ExprKind::Name(name, arguments) => self.bind_name(name, arguments, expr.span),
            ExprKind::TypeName(reference) => Bound::Type(self.resolve(reference)),
            ExprKind::Member {
                target,
                name,
                arguments,
            } => self.bind_member(target, name, arguments, expr.span),
            _ => Bound::Value(self.expr(expr, None)),
        }
    }

    pub(super) fn bind_name(&mut self, name: &Ident, arguments: &[TypeRef], span: Span) -> Bound {
        if arguments.is_empty() {
            if let Some(local) = self.local(&name.name, span) {
                return Bound::Value(read(&local));
            }
            if name.name.as_ref() == "context" {
                let node = Node::Constant(Value::Handle(Handle::Context));
                return Bound::Value(Typed::new(node, Type::Basic(Basic::Context)));
            }
            if let Some(ty) = lookup(&name.name) {
                return Bound::Type(ty);
            }
            if is_namespace(&name.name) {
                return Bound::Namespace(name.name.to_string());
            }
            if is_not_yet(&name.name) {
                self.error(
                    "NotSupported",
                    span,
                    format!("`{}` is not supported yet.", name.name),
                );
                return Bound::Value(Typed::unknown());
            }
        } else {
            let arguments = arguments
                .iter()
                .map(|argument| self.resolve(argument))
                .collect();
            return match named(&name.name, arguments, span) {
                Ok(ty) => Bound::Type(ty),
                Err(unresolved) => {
                    self.error(unresolved.code, unresolved.span, unresolved.message);
                    Bound::Value(Typed::unknown())
                }
            };
        }
        self.unknown_name(name);
        Bound::Value(Typed::unknown())
    }

    pub(super) fn unknown_name(&mut self, name: &Ident) {
        let known = self.known_names();
        let suggestion = nearest(&name.name, known.iter().map(String::as_str))
            .map(str::to_owned)
            .or_else(|| suggest(&name.name).map(str::to_owned))
            .map(|known| format!(" Did you mean `{known}`?"))
            .unwrap_or_default();
        self.error(
            "UnknownName",
            name.span,
            format!("The name `{}` does not exist here.{suggestion}", name.name),
        );
    }

    pub(super) fn bind_member(
        &mut self,
        target: &Expr,
        name: &Ident,
        arguments: &[TypeRef],
        span: Span,
    ) -> Bound {
        let type_arguments: Vec<Type> = arguments.iter().map(|a| self.resolve(a)).collect();
        let bound = self.bind(target);
        self.member_of(bound, name, type_arguments, span)
    }

    /// The same in front of `(`: of a property and methods of one name the methods are meant, unless
    /// what the property holds can be called (C# 7 §12.5).
    pub(super) fn bind_called_member(
        &mut self,
        target: &Expr,
        name: &Ident,
        arguments: &[TypeRef],
        span: Span,
    ) -> Bound {
        let type_arguments: Vec<Type> = arguments.iter().map(|a| self.resolve(a)).collect();
        match self.bind(target) {
            Bound::Value(receiver) if has_both(&receiver.ty, &name.name) => {
                Bound::Methods(MethodGroup {
                    owner: receiver.ty.clone(),
                    receiver: Some(receiver),
                    name: name.clone(),
                    type_arguments,
                })
            }
            bound => self.member_of(bound, name, type_arguments, span),
        }
    }

    fn member_of(
        &mut self,
        bound: Bound,
        name: &Ident,
        type_arguments: Vec<Type>,
        span: Span,
    ) -> Bound {
        match bound {
            Bound::Namespace(namespace) => {
                self.in_namespace(&namespace, name, type_arguments, span)
            }
            Bound::Type(ty) => self.static_member(&ty, name, type_arguments),
            Bound::Value(value) => self.instance_member(value, name, type_arguments),
            Bound::Methods(group) => {
                self.error(
                    "TypeMismatch",
                    group.name.span,
                    format!("`{}` is a method and must be called.", group.name.name),
                );
                Bound::Value(Typed::unknown())
            }
        }
    }

    pub(super) fn in_namespace(
        &mut self,
        namespace: &str,
        name: &Ident,
        arguments: Vec<Type>,
        span: Span,
    ) -> Bound {
        let full = format!("{namespace}.{}", name.name);
        if is_namespace(&full) && arguments.is_empty() {
            return Bound::Namespace(full);
        }
        match named(&full, arguments, span) {
            Ok(ty) => Bound::Type(ty),
            Err(unresolved) => {
                self.error(unresolved.code, name.span, unresolved.message);
                Bound::Value(Typed::unknown())
            }
        }
    }

    pub(super) fn static_member(
        &mut self,
        ty: &Type,
        name: &Ident,
        type_arguments: Vec<Type>,
    ) -> Bound {
        if ty.is_unknown() {
            return Bound::Value(Typed::unknown());
        }
        if let Type::Enumeration(enumeration) = ty {
            let members = enumeration.members();
            if let Some((_, value)) = members
                .iter()
                .find(|(known, _)| *known == name.name.as_ref())
            {
                let value = Value::Enum(*enumeration, *value);
                return Bound::Value(Typed::constant(value, ty.clone()));
            }
        }
        if is_accessor(&name.name) {
            self.unknown_member(ty, name, &[]);
            return Bound::Value(Typed::unknown());
        }
        let members = registry().of(ty);
        let found = |kind: SignatureKind| {
            members
                .iter()
                .find(|member| member.is_static && member.kind == kind && member.name == name.name)
        };
        if let Some(property) = found(SignatureKind::Property) {
            let value = self.read_property(property, None, &Vec::new());
            return Bound::Value(value);
        }
        // The static form of an extension method: `Enumerable.Contains(list, x)`.
        if found(SignatureKind::Method).is_some() || *ty == Type::Basic(Basic::Enumerable) {
            return Bound::Methods(MethodGroup {
                receiver: None,
                owner: ty.clone(),
                name: name.clone(),
                type_arguments,
            });
        }
        let mut known: Vec<&str> = members
            .iter()
            .filter(|member| member.is_static && member.kind != SignatureKind::Constructor)
            .map(|member| member.name.as_ref())
            .collect();
        if let Type::Enumeration(enumeration) = ty {
            known.extend(enumeration.members().iter().map(|(name, _)| *name));
        }
        self.unknown_member(ty, name, &known);
        Bound::Value(Typed::unknown())
    }

    /// A property or method of a value.
    pub(super) fn instance_member(
        &mut self,
        target: Typed,
        name: &Ident,
        type_arguments: Vec<Type>,
    ) -> Bound {
        let ty = target.ty.clone();
        match &ty {
            Type::Unknown => return Bound::Value(Typed::unknown()),
            Type::Void | Type::Null => {
                self.error(
                    "TypeMismatch",
                    name.span,
                    "The expression before the `.` has no value.",
                );
                return Bound::Value(Typed::unknown());
            }
            _ => {}
        }
        if is_accessor(&name.name) {
            self.unknown_member(&ty, name, &[]);
            return Bound::Value(Typed::unknown());
        }
        if let Some(field) = field_of(&ty, &name.name) {
            let (index, field_type) = field;
            return Bound::Value(Typed::new(
                Node::Field(Box::new(target.node), index),
                field_type,
            ));
        }
        let levels = levels(&ty);
        for level in &levels {
            let property = registry().of(level).iter().find(|member| {
                !member.is_static
                    && member.kind == SignatureKind::Property
                    && member.name == name.name
            });
            if let Some(property) = property {
                let bindings = bind_owner(&property.owner, level);
                self.note_property(&ty, &name.name, name.span);
                let value = self.read_property(property, Some(target), &bindings);
                return Bound::Value(value);
            }
        }
        let method = levels.iter().any(|level| {
            registry().of(level).iter().any(|member| {
                !member.is_static
                    && member.kind == SignatureKind::Method
                    && member.name == name.name
            })
        });
        let delegate = matches!(
            ty,
            Type::Generic(Family::Func | Family::Action | Family::Predicate, _)
        ) && name.name.as_ref() == "Invoke";
        if method || delegate {
            return Bound::Methods(MethodGroup {
                receiver: Some(target),
                owner: ty,
                name: name.clone(),
                type_arguments,
            });
        }
        if self.not_yet_member(&ty, name) {
            return Bound::Value(Typed::unknown());
        }
        let known: Vec<&str> = levels
            .iter()
            .flat_map(|level| registry().of(level))
            .filter(|member| !member.is_static && member.kind != SignatureKind::Indexer)
            .map(|member| member.name.as_ref())
            .collect();
        self.unknown_member(&ty, name, &known);
        Bound::Value(Typed::unknown())
    }

    pub(super) fn not_yet_member(&mut self, ty: &Type, name: &Ident) -> bool {
        let known = CONTEXT_NOT_YET.iter().any(|(basic, member)| {
            *member == name.name.as_ref() && (*ty == Type::Basic(*basic) || *basic == Basic::Object)
        });
        let bytes = *ty == Type::array(Type::Basic(Basic::Byte))
            && matches!(name.name.as_ref(), "Encrypt" | "Decrypt");
        if known || bytes {
            self.error(
                "NotSupported",
                name.span,
                format!("`{}` is not supported yet.", name.name),
            );
        }
        known || bytes
    }

    pub(super) fn unknown_member(&mut self, ty: &Type, name: &Ident, known: &[&str]) {
        let suggestion = nearest(&name.name, known.iter().copied())
            .map(|known| format!(" Did you mean `{known}`?"))
            .unwrap_or_default();
        self.error(
            "UnknownMember",
            name.span,
            format!(
                "`{}` has no member `{}`.{suggestion}",
                ty.display(),
                name.name
            ),
        );
    }

    pub(super) fn read_property(
        &mut self,
        property: &'static Member,
        target: Option<Typed>,
        bindings: &Bindings,
    ) -> Typed {
        let ty = substitute(&property.returns, bindings);
        let (arguments, checks_null) = match target {
            Some(target) => {
                let checks = needs_receiver(&target.ty);
                (vec![target.node], checks)
            }
            None => (Vec::new(), false),
        };
        self.library_call(property.native, arguments, checks_null, ty)
    }

    /// A call of the library, run now if it can be.
    pub(super) fn library_call(
        &mut self,
        native: Native,
        arguments: Vec<Node>,
        checks_null: bool,
        ty: Type,
    ) -> Typed {
        if let Some(value) = self.fold(native, &arguments, &ty) {
            return Typed::constant(value, ty);
        }
        let call = Call {
            native,
            arguments: arguments.into(),
            checks_null,
            outs: Box::default(),
        };
        Typed::new(Node::Call(Box::new(call)), ty)
    }

    pub(super) fn fold(&mut self, native: Native, arguments: &[Node], ty: &Type) -> Option<Value> {
        let Native::Pure(function) = native else {
            return None;
        };
        let array = match ty {
            Type::Array(element) => super::is_plain(element) && self.fold_arrays,
            _ => false,
        };
        if !array && !super::is_plain(ty) {
            return None;
        }
        let values: Option<Vec<Value>> = arguments
            .iter()
            .map(|node| match node {
                Node::Constant(value) if !value.is_null() => Some(value.clone()),
                _ => None,
            })
            .collect();
        let value = function(&mut self.folding, &values?).ok()?;
        Some(match value {
            // Folded text is part of the program, as a literal is.
            Value::Text(text) => Value::Text(crate::expression::text::Text::literal(text.shared())),
            other => other,
        })
    }

    pub(super) fn note_property(&mut self, owner: &Type, name: &str, span: Span) {
        match (owner, name) {
            (Type::Basic(Basic::Request), "Certificate") => self.out.mentions_certificate = true,
            (Type::Basic(Basic::Request), "Body") => self.out.needs.request_body = true,
            (Type::Basic(Basic::Response), "Body") => self.out.needs.response_body = true,
            (Type::Basic(Basic::Certificate), "Issuer" | "IssuerName") => {
                self.lint.issuer_read(span);
            }
            _ => {}
        }
    }
}

/// Whether values of a type have a property and methods of one name, and the property is no delegate.
fn has_both(ty: &Type, name: &str) -> bool {
    let of = |kind: SignatureKind| {
        levels(ty).into_iter().find_map(|level| {
            registry().of(&level).iter().find(|member| {
                !member.is_static && member.kind == kind && member.name.as_ref() == name
            })
        })
    };
    let delegate = |ty: &Type| {
        matches!(
            ty,
            Type::Generic(Family::Func | Family::Action | Family::Predicate, _)
                | Type::Parameter(_)
        )
    };
    of(SignatureKind::Method).is_some()
        && of(SignatureKind::Property).is_some_and(|property| !delegate(&property.returns))
}

/// Operators and setters have names in the library that C# does not let programs call.
fn is_accessor(name: &str) -> bool {
    name.starts_with("op_") || name.starts_with("set_")
}

/// Whether `null` before the `.` throws.
pub(super) fn needs_receiver(ty: &Type) -> bool {
    !ty.is_value_type() && !matches!(ty, Type::Nullable(_))
}

/// An item of a tuple or a property of an anonymous object.
pub(super) fn field_of(ty: &Type, name: &str) -> Option<(usize, Type)> {
    match ty {
        Type::Anonymous(shape) => shape
            .iter()
            .enumerate()
            .find(|(_, (known, _))| known.as_ref() == name)
            .map(|(index, (_, ty))| (index, ty.clone())),
        Type::Generic(Family::Tuple | Family::ValueTuple, types) => {
            let named = types
                .iter()
                .position(|ty| matches!(ty, Type::Item(known, _) if known.as_ref() == name));
            if let Some(index) = named {
                let ty = types.get(index)?.without_name().clone();
                return Some((index, ty));
            }
            let number: usize = name.strip_prefix("Item")?.parse().ok()?;
            let index = number.checked_sub(1)?;
            types
                .get(index)
                .map(|ty| (index, ty.without_name().clone()))
        }
        _ => None,
    }
}
