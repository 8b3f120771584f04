//! `new`: objects, arrays, anonymous objects, tuples and their initialisers.

use std::sync::Arc;

use super::arguments::{Prepared, PreparedValue};
use super::expressions::default_of;
use super::members::MethodGroup;
use super::{Checker, Typed};
use crate::expression::ast::{
    Argument, ArgumentValue, Element, Expr, ExprKind, Ident, Initializer, TypeRef,
};
use crate::expression::node::{Call, Node, SetElement};
use crate::expression::token::Span;
use crate::expression::types::{Basic, Family, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn creation(
        &mut self,
        reference: &TypeRef,
        arguments: &[Argument],
        initializer: Option<&Initializer>,
        span: Span,
    ) -> Typed {
        let ty = self.resolve(reference);
        if ty.is_unknown() {
            let _ = self.prepare(arguments);
            self.quiet_initializer(initializer);
            return Typed::unknown();
        }
        if ty.is_static_class() {
            self.error(
                "TypeMismatch",
                span,
                format!("`{}` cannot be created.", ty.display()),
            );
            return Typed::unknown();
        }
        // `new HMACSHA256 { Key = key }` is `new HMACSHA256(key)`.
        if let (true, [], Some(Initializer::Members(members))) = (
            ty.derives_from(&Type::Basic(Basic::Hmac)),
            arguments,
            initializer,
        ) && let [(name, value)] = members.as_slice()
            && name.name.as_ref() == "Key"
        {
            let key = Argument {
                name: None,
                value: ArgumentValue::Value(value.clone()),
            };
            let node = self.construct(&ty, &[key], span);
            return Typed::new(node.unwrap_or_else(|| Typed::unknown().node), ty);
        }
        let node = match (&ty, arguments) {
            // Every struct has a constructor without arguments.
            (ty, []) if ty.is_value_type() => default_of(ty).map(Node::Constant),
            _ => self.construct(&ty, arguments, span),
        };
        let Some(node) = node else {
            self.quiet_initializer(initializer);
            return Typed::new(Typed::unknown().node, ty);
        };
        match initializer {
            None => Typed::new(node, ty),
            Some(initializer) => self.initialized(node, ty, initializer, span),
        }
    }

    fn quiet_initializer(&mut self, initializer: Option<&Initializer>) {
        match initializer {
            Some(Initializer::Members(members)) => {
                for (_, value) in members {
                    self.expr(value, None);
                }
            }
            Some(Initializer::Elements(elements)) => {
                for element in elements {
                    match element {
                        Element::Add(values) => {
                            for value in values {
                                self.expr(value, None);
                            }
                        }
                        Element::Set(key, value) => {
                            let _ = self.prepare(key);
                            self.expr(value, None);
                        }
                    }
                }
            }
            None => {}
        }
    }

    fn initialized(
        &mut self,
        object: Node,
        ty: Type,
        initializer: &Initializer,
        span: Span,
    ) -> Typed {
        let elements = match initializer {
            Initializer::Elements(elements) => elements,
            Initializer::Members(members) => {
                if let Some((name, _)) = members.first() {
                    self.error(
                        "UnknownMember",
                        name.span,
                        format!(
                            "`{}` has no property `{}` that can be set.",
                            ty.display(),
                            name.name
                        ),
                    );
                }
                return Typed::new(object, ty);
            }
        };
        let slot = self.frame().slot();
        let receiver = || Typed::new(Node::Local(slot), ty.clone());
        let mut additions = Vec::new();
        for element in elements {
            match element {
                Element::Add(values) => additions.push(self.addition(receiver(), values, span)),
                Element::Set(key, value) => {
                    additions.push(self.set_element(receiver(), key, value, span));
                }
            }
        }
        let object = Box::new(object);
        Typed::new(
            Node::Initialize {
                slot,
                object,
                additions: additions.into(),
            },
            ty,
        )
    }

    /// `{ value }` and `{ key, value }`: a call of `Add`.
    fn addition(&mut self, receiver: Typed, values: &[Expr], span: Span) -> Node {
        let parameters: Vec<Type> = match &receiver.ty {
            Type::Generic(
                Family::Dictionary | Family::List | Family::HashSet | Family::Queue | Family::Stack,
                arguments,
            ) => arguments.to_vec(),
            _ => return self.library_addition(receiver, values, span),
        };
        let native = self.known_method(&receiver.ty, "Add", values.len());
        let (Some(native), true) = (native, parameters.len() == values.len()) else {
            return self.no_addition(&receiver.ty, span);
        };
        let mut arguments = vec![receiver.node];
        for (value, parameter) in values.iter().zip(&parameters) {
            let typed = self.expr(value, Some(parameter));
            arguments.push(self.convert(typed, parameter, value.span));
        }
        Node::Call(Box::new(Call {
            native,
            arguments: arguments.into(),
            checks_null: true,
            outs: Box::default(),
        }))
    }

    /// The same of a type whose methods `Add` are told apart by their arguments.
    fn library_addition(&mut self, receiver: Typed, values: &[Expr], span: Span) -> Node {
        if self
            .known_method(&receiver.ty, "Add", values.len())
            .is_none()
        {
            return self.no_addition(&receiver.ty, span);
        }
        let prepared = values
            .iter()
            .map(|value| Prepared {
                name: None,
                span: value.span,
                value: PreparedValue::Value(self.expr(value, None)),
            })
            .collect();
        let group = MethodGroup {
            owner: receiver.ty.clone(),
            receiver: Some(receiver),
            name: Ident {
                name: "Add".into(),
                span,
            },
            type_arguments: Vec::new(),
        };
        self.call_prepared(group, prepared, span).node
    }

    fn no_addition(&mut self, ty: &Type, span: Span) -> Node {
        self.error(
            "TypeMismatch",
            span,
            format!(
                "`{}` cannot be initialised with these elements.",
                ty.display()
            ),
        );
        Typed::unknown().node
    }

    /// `target[key] = value`, with the key still to be checked.
    fn set_element(&mut self, target: Typed, key: &[Argument], value: &Expr, span: Span) -> Node {
        let prepared = self.prepare(key);
        let Some((set, index, ty)) = self.setter(&target, prepared, span) else {
            self.expr(value, None);
            return Typed::unknown().node;
        };
        let typed = self.expr(value, Some(&ty));
        let value = self.convert(typed, &ty, value.span);
        Node::SetElement(Box::new(SetElement {
            target: target.node,
            index,
            value,
            set,
        }))
    }

    pub(super) fn new_array(
        &mut self,
        element: &TypeRef,
        length: Option<&Expr>,
        items: Option<&[Expr]>,
        span: Span,
    ) -> Typed {
        let element = self.resolve(element);
        let ty = Type::array(element.clone());
        if let Some(items) = items {
            let declared = length.map(|length| (self.expr(length, Some(&Type::INT)), length.span));
            if let Some((length, span)) = declared
                && length.value().and_then(Value::as_int) != i64::try_from(items.len()).ok()
            {
                self.error(
                    "TypeMismatch",
                    span,
                    format!(
                        "The array has {} items; its length must say so.",
                        items.len()
                    ),
                );
            }
            return self.array_of(&element, items);
        }
        let Some(length) = length else {
            self.error("Syntax", span, "Expected the length of the array.");
            return Typed::unknown();
        };
        let typed = self.expr(length, Some(&Type::INT));
        let to = if typed.ty.is_integral() && typed.ty.rank() > Some(1) {
            Type::Basic(Basic::Long)
        } else {
            Type::INT
        };
        let length = self.convert(typed, &to, length.span);
        let default = default_of(&element).unwrap_or(Value::Null);
        Typed::new(Node::NewArraySized(element, default, Box::new(length)), ty)
    }

    fn array_of(&mut self, element: &Type, items: &[Expr]) -> Typed {
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let typed = self.expr(item, Some(element));
            nodes.push(self.convert(typed, element, item.span));
        }
        self.array(element, nodes)
    }

    /// A new array; a shared one if everything in it is known and nothing may change it.
    fn array(&mut self, element: &Type, nodes: Vec<Node>) -> Typed {
        let ty = Type::array(element.clone());
        if self.fold_arrays && super::is_plain(element) {
            let values: Option<Vec<Value>> = nodes
                .iter()
                .map(|node| match node {
                    Node::Constant(value) => Some(value.clone()),
                    _ => None,
                })
                .collect();
            if let Some(values) = values {
                let array = crate::expression::object::Object::array(element.clone(), values);
                return Typed::constant(Value::object(array), ty);
            }
        }
        Typed::new(Node::NewArray(element.clone(), nodes.into()), ty)
    }

    /// `new[] { … }`.
    pub(super) fn implicit_array(&mut self, items: &[Expr], span: Span) -> Typed {
        let typed: Vec<Typed> = items.iter().map(|item| self.expr(item, None)).collect();
        let borrowed: Vec<&Typed> = typed.iter().collect();
        let element = match self.common(&borrowed, None) {
            Some(ty) if ty != Type::Null => ty,
            _ => {
                self.error(
                    "TypeMismatch",
                    span,
                    "No best type was found for the array.",
                );
                return Typed::unknown();
            }
        };
        let mut nodes = Vec::with_capacity(typed.len());
        for (value, item) in typed.into_iter().zip(items) {
            nodes.push(self.convert(value, &element, item.span));
        }
        self.array(&element, nodes)
    }

    /// `{ 1, 2 }` where an array is wanted.
    pub(super) fn array_initializer(
        &mut self,
        items: &[Expr],
        hint: Option<&Type>,
        span: Span,
    ) -> Typed {
        match hint {
            Some(Type::Array(element)) => self.array_of(element, items),
            _ => {
                for item in items {
                    self.expr(item, None);
                }
                self.error(
                    "TypeMismatch",
                    span,
                    "An array initialiser needs an array type.",
                );
                Typed::unknown()
            }
        }
    }

    pub(super) fn anonymous(&mut self, members: &[(Ident, Expr)]) -> Typed {
        let mut shape: Vec<(Arc<str>, Type)> = Vec::new();
        let mut nodes = Vec::new();
        for (name, value) in members {
            let typed = self.expr(value, None);
            if matches!(typed.ty, Type::Null | Type::Void) {
                self.error(
                    "TypeMismatch",
                    value.span,
                    format!("The type of `{}` is not known: cast the value.", name.name),
                );
            }
            if shape.iter().any(|(known, _)| *known == name.name) {
                self.error(
                    "DuplicateName",
                    name.span,
                    format!("`{}` occurs twice in the anonymous object.", name.name),
                );
            }
            shape.push((Arc::clone(&name.name), typed.ty));
            nodes.push(typed.node);
        }
        let shape: Arc<[(Arc<str>, Type)]> = shape.into();
        Typed::new(
            Node::Anonymous(Arc::clone(&shape), nodes.into()),
            Type::Anonymous(shape),
        )
    }

    pub(super) fn tuple(&mut self, items: &[(Option<Ident>, Expr)], hint: Option<&Type>) -> Typed {
        let hints: Vec<Type> = match hint {
            Some(Type::Generic(Family::ValueTuple, types)) if types.len() == items.len() => {
                types.to_vec()
            }
            _ => Vec::new(),
        };
        let mut types = Vec::new();
        let mut nodes = Vec::new();
        let mut shown: Vec<Type> = Vec::new();
        for (index, (name, item)) in items.iter().enumerate() {
            let wanted = hints.get(index).map(Type::without_name);
            let typed = self.expr(item, wanted);
            let (ty, node) = match wanted {
                Some(wanted) => (wanted.clone(), self.convert(typed, wanted, item.span)),
                None => (typed.ty, typed.node),
            };
            if matches!(ty, Type::Null | Type::Void) {
                self.error(
                    "TypeMismatch",
                    item.span,
                    "The type of this value is not known: cast it.",
                );
            }
            let name = name.as_ref().or_else(|| implied_item(item, items));
            shown.push(match name {
                Some(name) => Type::Item(Arc::clone(&name.name), Arc::new(ty.clone())),
                None => ty.clone(),
            });
            types.push(ty);
            nodes.push(node);
        }
        let types: Arc<[Type]> = types.into();
        let ty = Type::Generic(Family::ValueTuple, shown.into());
        Typed::new(Node::Tuple(types, nodes.into()), ty)
    }
}

/// The name that an item of a tuple gets from its variable or member (C# 7.1): one that no other item
/// has and that means nothing else.
fn implied_item<'e>(item: &'e Expr, items: &'e [(Option<Ident>, Expr)]) -> Option<&'e Ident> {
    fn implied(item: &Expr) -> Option<&Ident> {
        match &item.kind {
            ExprKind::Name(name, _) | ExprKind::Member { name, .. } => Some(name),
            _ => None,
        }
    }
    let name = implied(item)?;
    let count = items
        .iter()
        .filter(|(given, other)| {
            let known = given.as_ref().or_else(|| implied(other));
            known.is_some_and(|known| known.name == name.name)
        })
        .count();
    (count == 1 && !name.name.starts_with("Item")).then_some(name)
}
