//! `=`, `op=`, `++` and `--`.

use super::arguments::Prepared;
use super::bindings::{bind_owner, levels, substitute};
use super::members::Bound;
use super::operators::{Operation, OperationKind, numeric_conversion};
use super::{Checker, Typed};
use crate::expression::ast::{BinaryOp, Expr, ExprKind, Ident};
use crate::expression::library::registry::registry;
use crate::expression::node::{Call, Conversion, Native, Node, Place, SetElement, Target, Update};
use crate::expression::token::Span;
use crate::expression::types::{Basic, Type};
use crate::expression::value::Value;

impl Checker<'_> {
    pub(super) fn assign(
        &mut self,
        target: &Expr,
        op: Option<BinaryOp>,
        value: &Expr,
        span: Span,
    ) -> Typed {
        match op {
            None => self.simple_assign(target, value, span),
            Some(BinaryOp::Coalesce) => {
                self.error("Syntax", span, "`??=` is not part of C# 7.");
                Typed::unknown()
            }
            Some(op) => {
                let operand = self.expr(value, None);
                self.update(target, op, operand, false, span)
            }
        }
    }

    pub(super) fn step_operator(
        &mut self,
        increment: bool,
        prefix: bool,
        target: &Expr,
        span: Span,
    ) -> Typed {
        let op = if increment {
            BinaryOp::Add
        } else {
            BinaryOp::Subtract
        };
        let one = Typed::constant(Value::Int(1), Type::INT);
        self.update(target, op, one, !prefix, span)
    }

    fn simple_assign(&mut self, target: &Expr, value: &Expr, span: Span) -> Typed {
        match &target.kind {
            ExprKind::Name(name, _) if name.name.as_ref() == "_" && !self.is_local("_") => {
                let value = self.expr(value, None);
                Typed::new(Node::Store(Target::Discard, Box::new(value.node)), value.ty)
            }
            ExprKind::Name(name, _) => {
                let Some((place, ty)) = self.variable_place(&name.name, target.span) else {
                    self.expr(value, None);
                    return Typed::unknown();
                };
                let typed = self.expr(value, Some(&ty));
                let node = self.convert(typed, &ty, value.span);
                Typed::new(Node::Store(place, Box::new(node)), ty)
            }
            ExprKind::Index {
                target: object,
                arguments,
            } => {
                let object = self.expr(object, None);
                let prepared = self.prepare(arguments);
                let Some((set, index, ty)) = self.setter(&object, prepared, target.span) else {
                    self.expr(value, None);
                    return Typed::unknown();
                };
                let typed = self.expr(value, Some(&ty));
                let value = self.convert(typed, &ty, value.span);
                let set = SetElement {
                    target: object.node,
                    index,
                    value,
                    set,
                };
                Typed::new(Node::SetElement(Box::new(set)), ty)
            }
            ExprKind::Member {
                target: object,
                name,
                ..
            } => self.assign_property(object, name, value, target, span),
            ExprKind::Tuple(targets) => self.assign_tuple(targets, value),
            _ => {
                self.expr(target, None);
                self.expr(value, None);
                self.error(
                    "TypeMismatch",
                    span,
                    "Only a variable, an element or a property can be assigned to.",
                );
                Typed::unknown()
            }
        }
    }

    /// `(a, b) = value` (C# 7 §12.21.2): the value is taken apart after all of it was computed.
    fn assign_tuple(&mut self, targets: &[(Option<Ident>, Expr)], value: &Expr) -> Typed {
        let typed = self.expr(value, None);
        let ty = typed.ty.clone();
        let types = self.parts_of(&ty, targets.len(), value.span);
        let slot = self.frame().slot();
        let mut additions = Vec::new();
        for (index, ((_, target), ty)) in targets.iter().zip(types).enumerate() {
            let field = Node::Field(Box::new(Node::Local(slot)), index);
            additions.extend(self.assign_part(target, field, ty));
        }
        let object = Box::new(typed.node);
        Typed::new(
            Node::Initialize {
                slot,
                object,
                additions: additions.into(),
            },
            ty,
        )
    }

    /// Assigns a computed value: it is kept in a slot, which the target's code reads.
    pub(super) fn assign_part(&mut self, target: &Expr, part: Node, ty: Type) -> [Node; 2] {
        let slot = self.frame().slot();
        let keep = Node::Store(Target::Local(slot), Box::new(part));
        self.receivers.push((slot, ty));
        let value = Expr {
            kind: ExprKind::Receiver,
            span: target.span,
        };
        let assigned = self.simple_assign(target, &value, target.span);
        self.receivers.pop();
        [keep, assigned.node]
    }

    /// `object.Name = value`: a property that can be set has an entry `void set_Name(T value)`, as the
    /// metadata of .NET calls it, which returns the value it was given.
    fn assign_property(
        &mut self,
        object: &Expr,
        name: &Ident,
        value: &Expr,
        target: &Expr,
        span: Span,
    ) -> Typed {
        let Bound::Value(owner) = self.bind(object) else {
            self.expr(target, None);
            self.expr(value, None);
            self.error("TypeMismatch", span, "This cannot be assigned to.");
            return Typed::unknown();
        };
        if owner.ty.is_unknown() {
            self.expr(value, None);
            return Typed::unknown();
        }
        let set_name = format!("set_{}", name.name);
        let found = levels(&owner.ty).into_iter().find_map(|level| {
            let member = registry()
                .of(&level)
                .iter()
                .find(|member| !member.is_static && member.name.as_ref() == set_name)?;
            let parameter = member.parameters.first()?;
            let ty = substitute(&parameter.ty, &bind_owner(&member.owner, &level));
            Some((member.native, ty))
        });
        let Some((native, ty)) = found else {
            let of = owner.ty.display();
            // A property that does not exist is told as that.
            if let Bound::Value(read) = self.instance_member(owner, name, Vec::new())
                && !read.ty.is_unknown()
            {
                self.error(
                    "TypeMismatch",
                    span,
                    format!("`{}` of `{of}` cannot be assigned to.", name.name),
                );
            }
            self.expr(value, None);
            return Typed::unknown();
        };
        let typed = self.expr(value, Some(&ty));
        let value = self.convert(typed, &ty, value.span);
        let call = Call {
            native,
            arguments: Box::new([owner.node, value]),
            checks_null: true,
            outs: Box::default(),
        };
        Typed::new(Node::Call(Box::new(call)), ty)
    }

    fn is_local(&mut self, name: &str) -> bool {
        self.local(name, Span::new(0, 0)).is_some()
    }

    /// A variable that may be written.
    fn variable_place(&mut self, name: &str, span: Span) -> Option<(Target, Type)> {
        match self.local(name, span) {
            Some(local)
                if local.constant.is_some()
                    || local.function.is_some()
                    || local.read_only.is_some() =>
            {
                let what = match (local.read_only, &local.constant) {
                    (Some(what), _) => what,
                    (None, Some(_)) => "a constant",
                    (None, None) => "a function",
                };
                self.error(
                    "TypeMismatch",
                    span,
                    format!("`{name}` cannot be assigned to: it is {what}."),
                );
                None
            }
            Some(local) => Some((local.target, local.ty)),
            None => {
                let name = crate::expression::ast::Ident {
                    name: name.into(),
                    span,
                };
                self.unknown_name(&name);
                None
            }
        }
    }

    /// The setter of an indexer, the node of its index, and the type of its value.
    pub(super) fn setter(
        &mut self,
        object: &Typed,
        mut prepared: Vec<Prepared<'_>>,
        span: Span,
    ) -> Option<(Native, Node, Type)> {
        if object.ty.is_unknown() {
            return None;
        }
        // A setter's last parameter is the value: it is looked up as one of an unknown type.
        prepared.push(Prepared {
            name: None,
            span,
            value: super::arguments::PreparedValue::Value(Typed::unknown()),
        });
        let Some((mut fit, _)) = self.find_indexer(object, &prepared, true) else {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "The elements of `{}` cannot be assigned to.",
                    object.ty.display()
                ),
            );
            return None;
        };
        let ty = fit
            .member
            .parameters
            .last()
            .map_or(Type::Unknown, |parameter| {
                substitute(&parameter.ty, &fit.bindings)
            });
        let native = fit.member.native;
        let (nodes, _) = self.finish_arguments(&mut fit, prepared);
        let index = nodes.into_iter().next()?;
        Some((native, index, ty))
    }

    fn update(
        &mut self,
        target: &Expr,
        op: BinaryOp,
        operand: Typed,
        yields_old: bool,
        span: Span,
    ) -> Typed {
        let Some((place, ty)) = self.place(target, span) else {
            return Typed::unknown();
        };
        // Stands for the present value: its type matters, its value does not.
        let present = Typed::new(Node::Local(usize::MAX), ty.clone());
        let Some(operation) = self.operation(op, &present, &operand, span) else {
            return Typed::unknown();
        };
        if let OperationKind::Library(native) = operation.kind {
            return self.update_by_operator((place, ty), op, native, operation, operand, span);
        }
        if matches!(operation.kind, OperationKind::Concat) && ty != Type::STRING {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "Cannot implicitly convert type `string` to `{}`.",
                    ty.display()
                ),
            );
            return Typed::unknown();
        }
        let (widen, operand) = match &operation.operands {
            Some((left, right)) => (
                numeric_conversion(&ty, left),
                self.apply_conversion(operand, right),
            ),
            None => (None, operand.node),
        };
        // `b += 1` of a byte casts back (§12.21.4).
        let checked = self.overflow == Some(true);
        let narrow: Option<Conversion> =
            numeric_conversion(&operation.result, &ty).map(|conversion| match conversion {
                Conversion::Numeric(basic) if checked => Conversion::Checked(basic),
                other => other,
            });
        let fits = operation.result.unwrap_nullable() == ty.unwrap_nullable()
            || narrow.is_some()
            || matches!(operation.kind, OperationKind::Concat);
        if !fits {
            self.error(
                "TypeMismatch",
                span,
                format!(
                    "Cannot implicitly convert type `{}` to `{}`.",
                    operation.result.display(),
                    ty.display()
                ),
            );
        }
        let concat = matches!(operation.kind, OperationKind::Concat);
        let update = Update {
            place,
            op,
            widen,
            operand,
            narrow,
            yields_old,
            concat,
            checked,
        };
        Typed::new(Node::Update(Box::new(update)), ty)
    }

    /// `x op= v` where the library declares the operator: `x = x op v` of a variable.
    fn update_by_operator(
        &mut self,
        (place, ty): (Place, Type),
        op: BinaryOp,
        native: Native,
        operation: Operation,
        operand: Typed,
        span: Span,
    ) -> Typed {
        let present = match place {
            Place::Variable(Target::Local(slot)) => Node::Local(slot),
            Place::Variable(Target::Captured(slot)) => Node::Captured(slot),
            _ => {
                self.error(
                    "NotSupported",
                    span,
                    format!(
                        "An assignment with the operator `{}` of `{}` is not supported here: write it \
                         out.",
                        op.symbol(),
                        ty.display()
                    ),
                );
                return Typed::unknown();
            }
        };
        let Place::Variable(target) = place else {
            return Typed::unknown();
        };
        let present = Typed::new(present, ty.clone());
        let (a, b) = match &operation.operands {
            Some((left, right)) => (
                self.apply_conversion(present, left),
                self.apply_conversion(operand, right),
            ),
            None => (present.node, operand.node),
        };
        let result = self.library_call(native, vec![a, b], false, operation.result);
        let node = self.convert(result, &ty, span);
        Typed::new(Node::Store(target, Box::new(node)), ty)
    }

    fn place(&mut self, target: &Expr, span: Span) -> Option<(Place, Type)> {
        match &target.kind {
            ExprKind::Name(name, _) => {
                let (variable, ty) = self.variable_place(&name.name, target.span)?;
                Some((Place::Variable(variable), ty))
            }
            ExprKind::Index {
                target: object,
                arguments,
            } => {
                let object = self.expr(object, None);
                if object.ty.is_unknown() {
                    return None;
                }
                let getter = {
                    let prepared = self.prepare(arguments);
                    self.find_indexer(&object, &prepared, false)
                        .map(|(fit, _)| fit.member.native)
                };
                let prepared = self.prepare(arguments);
                let (set, index, ty) = self.setter(&object, prepared, target.span)?;
                let Some(get) = getter else {
                    self.error("TypeMismatch", span, "The element cannot be read.");
                    return None;
                };
                Some((
                    Place::Element {
                        target: object.node,
                        index,
                        get,
                        set,
                    },
                    ty,
                ))
            }
            _ => {
                self.expr(target, None);
                self.error(
                    "TypeMismatch",
                    span,
                    "Only a variable or an element can be assigned to.",
                );
                None
            }
        }
    }

    /// The type of an element when `foreach` names another one: an explicit conversion (§13.9.5).
    pub(super) fn element_conversion(
        &mut self,
        from: &Type,
        to: &Type,
        span: Span,
    ) -> Option<Conversion> {
        if from == to || to.is_unknown() || from.is_unknown() {
            return None;
        }
        if let Some(conversion) = numeric_conversion(from, to)
            && from.is_numeric()
        {
            return Some(conversion);
        }
        if *from == Type::Basic(Basic::Object) && to.is_value_type() {
            return Some(Conversion::Unbox(to.clone()));
        }
        if from.derives_from(to) || *to == Type::OBJECT {
            return None;
        }
        let names = ["op_Explicit", "op_Implicit"];
        if let Some(conversion) = super::convert::operator_conversion(from, to, &names) {
            return Some(conversion);
        }
        if super::convert::cost(from, to, None).is_some() {
            return None;
        }
        if super::convert::reference_cast(from, to) {
            return Some(Conversion::Reference(to.clone()));
        }
        self.error(
            "TypeMismatch",
            span,
            format!(
                "Cannot convert type `{}` to `{}`.",
                from.display(),
                to.display()
            ),
        );
        None
    }
}
