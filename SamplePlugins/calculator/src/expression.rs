//! `2 * (3 + 4) ^ 2 / 7 - 5 %`: + - * / ^ with the usual precedence, a percent sign behind a number, parentheses.

use crate::rational::Rational;

const DEPTH_LIMIT: usize = 100;

/// The value, or what is wrong and where, counted in characters from 1.
pub fn evaluate(text: &str) -> Result<Rational, String> {
    let mut reader = Reader { characters: text.chars().collect(), position: 0 };
    let value = reader.sum(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(c) => Err(reader.problem(&format!("'{c}' is not expected"))),
    }
}

struct Reader {
    characters: Vec<char>,
    position: usize,
}

impl Reader {
    fn problem(&self, what: &str) -> String {
        format!("{what} (at character {})", self.position + 1)
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.position).is_some_and(|c| c.is_whitespace()) {
            self.position += 1;
        }
        self.characters.get(self.position).copied()
    }

    fn take(&mut self, any: &[char]) -> Option<char> {
        let next = self.peek().filter(|c| any.contains(c))?;
        self.position += 1;
        Some(next)
    }

    fn sum(&mut self, depth: usize) -> Result<Rational, String> {
        let mut value = self.product(depth)?;
        while let Some(sign) = self.take(&['+', '-', '−']) {
            let right = self.product(depth)?;
            value = value.add(if sign == '+' { right } else { right.negate() }).map_err(|e| self.problem(e))?;
        }
        Ok(value)
    }

    fn product(&mut self, depth: usize) -> Result<Rational, String> {
        let mut value = self.signed(depth)?;
        while let Some(sign) = self.take(&['*', '×', '/', '÷']) {
            let right = self.signed(depth)?;
            let result = if matches!(sign, '*' | '×') { value.multiply(right) } else { value.divide(right) };
            value = result.map_err(|e| self.problem(e))?;
        }
        Ok(value)
    }

    /// -2^2 is -(2^2).
    fn signed(&mut self, depth: usize) -> Result<Rational, String> {
        if depth > DEPTH_LIMIT {
            return Err(self.problem("more than 100 levels of parentheses or signs"));
        }
        match self.take(&['-', '−', '+']) {
            Some('+') => self.signed(depth + 1),
            Some(_) => Ok(self.signed(depth + 1)?.negate()),
            None => self.power(depth),
        }
    }

    /// 2^3^2 is 2^(3^2).
    fn power(&mut self, depth: usize) -> Result<Rational, String> {
        let base = self.operand(depth)?;
        if self.take(&['^']).is_none() {
            return Ok(base);
        }
        let exponent = self.signed(depth + 1)?;
        base.power(exponent).map_err(|e| self.problem(e))
    }

    fn operand(&mut self, depth: usize) -> Result<Rational, String> {
        let mut value = if self.take(&['(']).is_some() {
            let inner = self.sum(depth + 1)?;
            self.take(&[')']).ok_or_else(|| self.problem("a closing parenthesis is missing"))?;
            inner
        } else {
            self.number()?
        };
        while self.take(&['%']).is_some() {
            value = Rational::new(100, 1).and_then(|hundred| value.divide(hundred)).map_err(|e| self.problem(e))?;
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Rational, String> {
        match self.peek() {
            None => return Err(self.problem("a number is missing")),
            Some(c) if !c.is_ascii_digit() && c != '.' => {
                return Err(self.problem(&format!("a number is expected, but there is '{c}'")));
            }
            Some(_) => {}
        }
        let mut digits = String::new();
        while let Some(c) = self.characters.get(self.position).copied() {
            match c {
                '0'..='9' => digits.push(c),
                '.' if !digits.contains('.') => digits.push(c),
                '_' if digits.ends_with(|d: char| d.is_ascii_digit()) => {}
                _ => break,
            }
            self.position += 1;
        }
        Rational::parse(&digits).map_err(|e| self.problem(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence() {
        for (text, result) in [
            ("1+2*3", "7"), ("(1+2)*3", "9"), ("2^3^2", "512"), ("-2^2", "-4"), ("2^-2", "1/4"), ("10-4-3", "3"),
            ("8/4/2", "1"), ("19.99 * 3", "5997/100"), ("200*15%", "30"), ("1_000 × 2 ÷ 4", "500"), (".5+.5", "1"),
            ("--1", "1"), ("2 − 3", "-1"), (" ( ( 7 ) ) ", "7"),
        ] {
            assert_eq!(evaluate(text).map(|v| v.to_string()), Ok(result.to_string()), "{text}");
        }
    }

    #[test]
    fn problems_say_where() {
        for (text, problem) in [
            ("", "a number is missing (at character 1)"), ("1+", "a number is missing (at character 3)"),
            ("(1", "a closing parenthesis is missing (at character 3)"), ("1 2", "'2' is not expected (at character 3)"),
            ("a", "a number is expected, but there is 'a' (at character 1)"), ("1/0", "division by zero (at character 4)"),
            (".", "a number without digits (at character 2)"), ("1.2.3", "'.' is not expected (at character 4)"),
            ("2^0.5", "an exponent that is not a whole number: the result would not be exact (at character 6)"),
        ] {
            assert_eq!(evaluate(text), Err(problem.to_string()), "{text}");
        }
        assert!(evaluate(&"(".repeat(100_000)).unwrap_err().contains("more than 100 levels"));
        assert!(evaluate(&"-".repeat(100_000)).unwrap_err().contains("more than 100 levels"));
        assert!(evaluate(&"2^".repeat(100_000)).unwrap_err().contains("more than 100 levels"));
    }
}
