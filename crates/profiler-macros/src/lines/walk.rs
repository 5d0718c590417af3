//! Where the probes go: before each statement of the blocks that run in place, but not of closures and inner functions.

use std::mem;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::token::Brace;
use syn::{BinOp, Block, Expr, ExprBlock, Ident, Stmt, Token};

use super::source::{Source, dedent, line};

/// A line with a statement.
pub(super) struct Row {
    pub(super) line: u32,
    pub(super) text: String,
}

/// How a statement begins.
struct Start {
    /// The row of its line.
    row: usize,
    /// Its conditions, which must be its probe's too.
    cfgs: TokenStream,
}

/// A walk through a body in the order in which it is written.
pub(super) struct Walk {
    source: Source,
    rows: Vec<Row>,
    /// The row that is known to be running here, if any: then no probe is needed to switch to it.
    running: Option<usize>,
}

impl Walk {
    pub(super) fn new(source: Source) -> Self {
        Self { source, rows: Vec::new(), running: None }
    }

    /// The lines that were found; their places are the numbers in the probes.
    pub(super) fn rows(mut self) -> Vec<Row> {
        dedent(self.rows.iter_mut().map(|row| &mut row.text));
        self.rows
    }

    pub(super) fn statements(&mut self, statements: &mut Vec<Stmt>) {
        for mut statement in mem::take(statements) {
            let does_nothing = match &statement {
                Stmt::Item(_) => true,
                Stmt::Local(local) => local.init.is_none(),
                Stmt::Expr(..) | Stmt::Macro(_) => false,
            };
            if !does_nothing {
                let Start { row, cfgs } = self.start(&statement);
                let conditional = !cfgs.is_empty();
                if self.running != Some(row) {
                    statements.push(call(cfgs, "at", row));
                }
                self.running = Some(row);
                self.inside(&mut statement, row);
                if conditional {
                    self.running = None;
                }
            }
            statements.push(statement);
        }
    }

    fn start(&mut self, statement: &Stmt) -> Start {
        let tokens = statement.to_token_stream();
        let mut code = tokens.clone().into_iter().peekable();
        let mut cfgs = TokenStream::new();
        // Attributes, doc comments among them, may stand lines above.
        while let Some(sign) = code.next_if(|token| matches!(token, TokenTree::Punct(sign) if sign.as_char() == '#')) {
            let attribute = code.next();
            if let Some(TokenTree::Group(group)) = &attribute
                && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "cfg")
            {
                cfgs.extend([sign]);
                cfgs.extend(attribute);
            }
        }
        let line = line(code.next().map_or_else(Span::call_site, |token| token.span()));
        let number = u32::try_from(line).unwrap_or(u32::MAX);
        let row = self.rows.iter().position(|row| row.line == number).unwrap_or_else(|| {
            self.rows.push(Row { line: number, text: self.source.text(line, &tokens) });
            self.rows.len() - 1
        });
        Start { row, cfgs }
    }

    fn inside(&mut self, statement: &mut Stmt, row: usize) {
        match statement {
            Stmt::Local(local) => {
                if let Some(init) = &mut local.init {
                    self.expression(&mut init.expr, row);
                    if let Some((_, diverging)) = &mut init.diverge {
                        let running = self.running;
                        self.expression(diverging, row);
                        self.running = running;
                    }
                }
            }
            Stmt::Expr(expression, _) => self.expression(expression, row),
            Stmt::Item(_) | Stmt::Macro(_) => {}
        }
    }

    /// The blocks whose end is the end of the expression, or as good as: what runs after them would count for their last
    /// line.
    fn expression(&mut self, expression: &mut Expr, row: usize) {
        match expression {
            Expr::Block(block) => {
                self.block(&mut block.block, Some(row));
                if block.label.is_some() {
                    // A `break` may have come here from any line of it.
                    self.running = None;
                }
            }
            Expr::Unsafe(block) => self.block(&mut block.block, Some(row)),
            Expr::If(branches) => {
                self.block(&mut branches.then_branch, Some(row));
                let after_then = self.running;
                self.running = Some(row);
                if let Some((_, other)) = &mut branches.else_branch {
                    self.expression(other, row);
                }
                self.join(after_then);
            }
            Expr::Match(cases) => {
                let mut after = Some(row);
                for arm in &mut cases.arms {
                    self.running = Some(row);
                    self.arm(&mut arm.body, row);
                    self.join(after);
                    after = self.running;
                }
            }
            Expr::While(repeated) => self.body(&mut repeated.body, row),
            Expr::ForLoop(repeated) => self.body(&mut repeated.body, row),
            Expr::Loop(repeated) => {
                // From the second time on it is the end of the body that ran before its start.
                self.block(&mut repeated.body, None);
                self.running = None;
            }
            Expr::Assign(assignment) => self.expression(&mut assignment.right, row),
            Expr::Binary(operation) if is_assignment(&operation.op) => self.expression(&mut operation.right, row),
            Expr::Paren(inner) => self.expression(&mut inner.expr, row),
            Expr::Group(inner) => self.expression(&mut inner.expr, row),
            Expr::Try(inner) => self.expression(&mut inner.expr, row),
            Expr::Return(leaving) => leaving.expr.iter_mut().for_each(|value| self.expression(value, row)),
            Expr::Break(leaving) => leaving.expr.iter_mut().for_each(|value| self.expression(value, row)),
            _ => {}
        }
    }

    /// An arm is as good as a statement, with braces or without.
    fn arm(&mut self, body: &mut Box<Expr>, row: usize) {
        if matches!(**body, Expr::Block(_) | Expr::Unsafe(_)) {
            return self.expression(body, row);
        }
        let value = mem::replace(&mut **body, Expr::Verbatim(TokenStream::new()));
        let mut stmts = vec![Stmt::Expr(value, None)];
        self.statements(&mut stmts);
        **body = match &mut stmts[..] {
            [Stmt::Expr(value, None)] => mem::replace(value, Expr::Verbatim(TokenStream::new())),
            _ => {
                let block = Block { brace_token: Brace(Span::mixed_site()), stmts };
                Expr::Block(ExprBlock { attrs: Vec::new(), label: None, block })
            }
        };
    }

    fn block(&mut self, block: &mut Block, running: Option<usize>) {
        self.running = running;
        self.statements(&mut block.stmts);
    }

    /// The body of a loop whose own line runs again before each turn: a guard switches back, however the turn ends.
    fn body(&mut self, body: &mut Block, row: usize) {
        self.block(body, Some(row));
        let back = call(TokenStream::new(), "back", row);
        let back = quote_spanned!(Span::mixed_site()=> let __lagom_back = #back);
        let items = body.stmts.iter().take_while(|statement| matches!(statement, Stmt::Item(_))).count();
        body.stmts.insert(items, Stmt::Expr(Expr::Verbatim(back), None));
        self.running = Some(row);
    }

    /// After two ways through: what both agree on.
    fn join(&mut self, other: Option<usize>) {
        if self.running != other {
            self.running = None;
        }
    }
}

/// `+=` and the like.
fn is_assignment(operator: &BinOp) -> bool {
    use BinOp::{
        AddAssign, BitAndAssign, BitOrAssign, BitXorAssign, DivAssign, MulAssign, RemAssign, ShlAssign, ShrAssign,
        SubAssign,
    };
    matches!(
        operator,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | BitXorAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

fn call(cfgs: TokenStream, method: &str, row: usize) -> Stmt {
    let span = Span::mixed_site();
    let method = Ident::new(method, span);
    let call = quote_spanned!(span=> #cfgs __lagom_lines.#method(#row));
    Stmt::Expr(Expr::Verbatim(call), Some(Token![;](span)))
}
