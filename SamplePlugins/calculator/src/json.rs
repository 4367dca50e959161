//! As much JSON as the arguments of a tool need: an object whose members are read one by one.

/// The text of a member that must be there and be a string. The others must be JSON, too.
pub fn string_member(json: &str, wanted: &str) -> Result<String, String> {
    let mut reader = Reader { text: json, position: 0 };
    let mut found = None;
    reader.expect('{')?;
    if !reader.take('}') {
        loop {
            let name = reader.string()?;
            reader.expect(':')?;
            if name == wanted {
                if reader.peek() != Some('"') {
                    return Err(format!("/{wanted} is not a string"));
                }
                found = Some(reader.string()?);
            } else {
                reader.skip(0)?;
            }
            if !reader.take(',') {
                break;
            }
        }
        reader.expect('}')?;
    }
    match reader.peek() {
        Some(_) => Err(reader.problem("more text after the JSON document")),
        None => found.ok_or(format!("/{wanted} is missing")),
    }
}

/// Text in quotation marks.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl Reader<'_> {
    fn problem(&self, what: &str) -> String {
        format!("{what} at byte {} of the arguments", self.position)
    }

    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn peek(&mut self) -> Option<char> {
        let spaces = self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.position += spaces;
        self.rest().chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.position += if is_next { c.len_utf8() } else { 0 };
        is_next
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c) { Ok(()) } else { Err(self.problem(&format!("'{c}' is missing"))) }
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            let c = self.rest().chars().next().ok_or_else(|| self.problem("a string does not end"))?;
            self.position += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                '\0'..='\u{1f}' => return Err(self.problem("a control character is not escaped")),
                _ => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let c = self.rest().chars().next().ok_or_else(|| self.problem("a string does not end"))?;
        self.position += c.len_utf8();
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let mut units = vec![high];
                if (0xD800..0xDC00).contains(&high) && self.rest().starts_with("\\u") {
                    self.position += 2;
                    units.push(self.unit()?);
                }
                match String::from_utf16(&units).ok().and_then(|text| text.chars().next()) {
                    Some(scalar) => scalar,
                    None => return Err(self.problem("half a surrogate pair")),
                }
            }
            _ => return Err(self.problem("an escape is unknown")),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|d| u16::from_str_radix(d, 16).ok());
        let unit = unit.ok_or_else(|| self.problem("four hexadecimal digits are missing"))?;
        self.position += 4;
        Ok(unit)
    }

    /// Passes over one value.
    fn skip(&mut self, depth: usize) -> Result<(), String> {
        if depth > 64 {
            return Err(self.problem("more than 64 levels"));
        }
        match self.peek() {
            Some('"') => self.string().map(|_| ()),
            Some(open @ ('{' | '[')) => {
                let close = if open == '{' { '}' } else { ']' };
                self.position += 1;
                if self.take(close) {
                    return Ok(());
                }
                loop {
                    if open == '{' {
                        self.peek();
                        self.string()?;
                        self.expect(':')?;
                    }
                    self.skip(depth + 1)?;
                    if !self.take(',') {
                        return self.expect(close);
                    }
                }
            }
            _ => {
                let word = self.rest().split([',', '}', ']', ' ', '\t', '\n', '\r']).next().unwrap_or("");
                let size = word.len();
                if !matches!(word, "true" | "false" | "null") && !is_number(word) {
                    return Err(self.problem("a value is missing"));
                }
                self.position += size;
                Ok(())
            }
        }
    }
}

fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = word.split_once(['e', 'E']).unwrap_or((word, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && digits(fraction)
        && digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members() {
        let text = r#" {"a":[1,-2.5e+3,{"b":[]},null,true],"x":"\"\u00e9\ud83d\ude00\n","c":{}} "#;
        assert_eq!(string_member(text, "x"), Ok("\"é😀\n".to_string()));
        assert_eq!(string_member("{}", "x"), Err("/x is missing".into()));
        assert_eq!(string_member(r#"{"x":1}"#, "x"), Err("/x is not a string".into()));
        assert_eq!(quote("a\"\\\n"), "\"a\\\"\\\\\\u000a\"");
    }

    #[test]
    fn what_is_no_json() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        for bad in [
            "", "[]", "{", "{\"x\"", "{\"x\":}", "{\"x\":\"1\",}", "{\"x\":\"1\"} 2", "{\"x\":\"\\q\"}", "{\"x\":\"\\u12\"}",
            "{\"x\":\"\\ud800\"}", "{\"x\":\"\\ud800\\u0041\"}", "{\"x\":\"\n\"}", "{\"a\":01}", "{\"a\":1.}", "{\"a\":tru}",
            "{\"a\":[1}", "{\"a\":[1,]}", "{x:1}", "{\"x\":\"\\u12é\"}", deep.as_str(),
        ] {
            assert!(string_member(bad, "x").is_err(), "{bad}");
        }
    }
}
