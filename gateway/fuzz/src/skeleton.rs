//! What of C# is code and what is data, told by a reader that shares nothing with the product's.
//!
//! The skeleton of a text is the text with the contents of literals and comments taken out, so that
//! two texts have the same skeleton if they differ in data only.

use std::iter::Peekable;
use std::str::Chars;

/// Deepest interpolation in interpolation that is followed.
const MAX_DEPTH: u32 = 30;

/// The skeleton of `code`, or `None` where a literal or comment does not end or the text is no C#.
#[must_use]
pub fn skeleton(code: &str) -> Option<String> {
    let mut reader = Reader {
        rest: code.chars().peekable(),
        out: String::new(),
    };
    // The `@` of `@(` begins no literal.
    if reader.rest.next() != Some('@') {
        return None;
    }
    reader.code(None, 0)?;
    Some(reader.out)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Reader<'_> {
    /// Code up to the end of the text, or in a hole of an interpolated string up to its `}`; the
    /// format behind a `:` is data.
    fn code(&mut self, hole: Option<bool>, depth: u32) -> Option<()> {
        let mut open = 0_u32;
        loop {
            let Some(c) = self.rest.next() else {
                return hole.is_none().then_some(());
            };
            match c {
                '"' => self.regular('"')?,
                '\'' => self.regular('\'')?,
                '@' | '$' => self.prefixed(c, depth)?,
                '/' => self.slash()?,
                '(' | '[' | '{' => {
                    open += 1;
                    self.out.push(c);
                }
                ')' | ']' | '}' => {
                    self.out.push(c);
                    match open.checked_sub(1) {
                        Some(left) => open = left,
                        None if hole.is_some() && c == '}' => return Some(()),
                        None => return None,
                    }
                }
                ':' if open == 0 && hole.is_some() => {
                    return self.format();
                }
                c => self.out.push(c),
            }
        }
    }

    fn regular(&mut self, quote: char) -> Option<()> {
        self.out.push(quote);
        loop {
            match self.rest.next()? {
                '\\' => {
                    self.rest.next().filter(|c| !is_line_end(*c))?;
                }
                c if c == quote => break,
                c if is_line_end(c) => return None,
                _ => {}
            }
        }
        self.out.push(quote);
        Some(())
    }

    /// What begins with `@` or `$`.
    fn prefixed(&mut self, first: char, depth: u32) -> Option<()> {
        self.out.push(first);
        let mut interpolated = first == '$';
        let mut verbatim = first == '@';
        if let Some(second) = self
            .rest
            .next_if(|c| matches!((first, c), ('@', '$') | ('$', '@')))
        {
            self.out.push(second);
            (interpolated, verbatim) = (true, true);
        }
        if self.rest.next_if_eq(&'"').is_none() {
            return Some(());
        }
        self.out.push('"');
        match (interpolated, verbatim) {
            (true, verbatim) => self.interpolated(verbatim, depth)?,
            _ => self.verbatim()?,
        }
        self.out.push('"');
        Some(())
    }

    fn verbatim(&mut self) -> Option<()> {
        loop {
            if self.rest.next()? == '"' && self.rest.next_if_eq(&'"').is_none() {
                return Some(());
            }
        }
    }

    fn interpolated(&mut self, verbatim: bool, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        loop {
            match self.rest.next()? {
                '"' if verbatim => {
                    if self.rest.next_if_eq(&'"').is_none() {
                        return Some(());
                    }
                }
                '"' => return Some(()),
                '\\' if !verbatim => {
                    self.rest.next().filter(|c| !is_line_end(*c))?;
                }
                '{' => {
                    if self.rest.next_if_eq(&'{').is_none() {
                        self.out.push('{');
                        self.code(Some(verbatim), depth + 1)?;
                    }
                }
                '}' => {
                    self.rest.next_if_eq(&'}')?;
                }
                c if !verbatim && is_line_end(c) => return None,
                _ => {}
            }
        }
    }

    fn format(&mut self) -> Option<()> {
        self.out.push(':');
        loop {
            match self.rest.next()? {
                '}' => {
                    self.out.push('}');
                    return Some(());
                }
                '"' | '{' => return None,
                _ => {}
            }
        }
    }

    fn slash(&mut self) -> Option<()> {
        if self.rest.next_if_eq(&'/').is_some() {
            self.out.push_str("//");
            while let Some(c) = self.rest.next_if(|c| !is_line_end(*c)) {
                let _ = c;
            }
        } else if self.rest.next_if_eq(&'*').is_some() {
            self.out.push_str("/**/");
            let mut last = ' ';
            loop {
                let c = self.rest.next()?;
                if (last, c) == ('*', '/') {
                    break;
                }
                last = c;
            }
        } else {
            self.out.push('/');
        }
        Some(())
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::skeleton;

    #[test]
    fn contents_of_literals_and_comments_are_not_part_of_the_skeleton() {
        for (code, bare) in [
            (r#"@("a\"b" + 'c')"#, r#"("" + '')"#),
            (r#"@(@"a""b" + "")"#, r#"(@"" + "")"#),
            (r#"@($"a{b + "c":D2}d{{e}}")"#, r#"($"{b + "":}")"#),
            (r#"@($@"a""{b}""c")"#, r#"($@"{b}")"#),
            ("@(1 /* a */ + 2 // b\n)", "(1 /**/ + 2 //\n)"),
        ] {
            assert_eq!(skeleton(code).as_deref(), Some(bare), "{code}");
        }
        assert_eq!(skeleton(r#"@("a)"#), None);
    }
}
