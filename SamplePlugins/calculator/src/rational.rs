//! Exact numbers: fractions of 128-bit integers in lowest terms. What does not fit is an error, never a rounded value.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rational {
    numerator: i128,
    denominator: i128, // > 0
}

const TOO_LARGE: &str = "a number has more than 38 digits; split the calculation, or round";

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Rational {
    pub fn new(numerator: i128, denominator: i128) -> Result<Self, &'static str> {
        if denominator == 0 {
            return Err("division by zero");
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let (n, d) = (numerator.unsigned_abs() / divisor, denominator.unsigned_abs() / divisor);
        let (n, d) = (i128::try_from(n).map_err(|_| TOO_LARGE)?, i128::try_from(d).map_err(|_| TOO_LARGE)?);
        Ok(Rational { numerator: if (numerator < 0) != (denominator < 0) { -n } else { n }, denominator: d })
    }

    /// Digits with at most one point among them.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err("a number without digits");
        }
        let (mut numerator, mut denominator) = (0i128, 1i128);
        for digit in whole.bytes().chain(fraction.bytes()) {
            let value = i128::from(digit - b'0');
            numerator = numerator.checked_mul(10).and_then(|n| n.checked_add(value)).ok_or(TOO_LARGE)?;
        }
        for _ in fraction.bytes() {
            denominator = denominator.checked_mul(10).ok_or(TOO_LARGE)?;
        }
        Self::new(numerator, denominator)
    }

    pub fn add(self, other: Self) -> Result<Self, &'static str> {
        // Over the least common denominator, so that sums of decimals stay small.
        let divisor = gcd(self.denominator as u128, other.denominator as u128) as i128;
        let left = self.numerator.checked_mul(other.denominator / divisor).ok_or(TOO_LARGE)?;
        let right = other.numerator.checked_mul(self.denominator / divisor).ok_or(TOO_LARGE)?;
        let denominator = self.denominator.checked_mul(other.denominator / divisor).ok_or(TOO_LARGE)?;
        Self::new(left.checked_add(right).ok_or(TOO_LARGE)?, denominator)
    }

    pub fn negate(self) -> Self {
        Rational { numerator: -self.numerator, denominator: self.denominator }
    }

    pub fn multiply(self, other: Self) -> Result<Self, &'static str> {
        let a = Self::new(self.numerator, other.denominator)?;
        let b = Self::new(other.numerator, self.denominator)?;
        let numerator = a.numerator.checked_mul(b.numerator).ok_or(TOO_LARGE)?;
        Self::new(numerator, a.denominator.checked_mul(b.denominator).ok_or(TOO_LARGE)?)
    }

    pub fn divide(self, other: Self) -> Result<Self, &'static str> {
        if other.numerator == 0 {
            return Err("division by zero");
        }
        self.multiply(Self::new(other.denominator, other.numerator)?)
    }

    pub fn power(self, exponent: Self) -> Result<Self, &'static str> {
        if exponent.denominator != 1 {
            return Err("an exponent that is not a whole number: the result would not be exact");
        }
        let base = if exponent.numerator < 0 { Self::new(1, 1)?.divide(self)? } else { self };
        let mut left = exponent.numerator.unsigned_abs();
        if base.denominator == 1 && (-1..=1).contains(&base.numerator) {
            left = if base.numerator == -1 { left % 2 } else { left.min(1) }; // 1^n is quick for every n
        }
        if left > 127 {
            return Err(TOO_LARGE);
        }
        let mut result = Self::new(1, 1)?;
        for _ in 0..left {
            result = result.multiply(base)?;
        }
        Ok(result)
    }

    /// The decimal, and whether it is the exact value; else its first 15 digits behind the point, not rounded.
    pub fn decimal(self) -> (String, bool) {
        let denominator = self.denominator.unsigned_abs();
        let (mut digits, mut rest) = (String::new(), self.numerator.unsigned_abs() % denominator);
        let mut exact_digits = 0;
        let mut reduced = denominator;
        while reduced % 10 == 0 || reduced % 2 == 0 || reduced % 5 == 0 {
            reduced /= if reduced % 10 == 0 { 10 } else if reduced % 2 == 0 { 2 } else { 5 };
            exact_digits += 1;
        }
        let exact = reduced == 1;
        for _ in 0..if exact { exact_digits } else { 15 } {
            // Ten times the rest may not fit: add it up digit by digit instead.
            let mut digit = 0;
            let mut sum = 0u128;
            for _ in 0..10 {
                if rest >= denominator - sum {
                    sum = rest - (denominator - sum);
                    digit += 1;
                } else {
                    sum += rest;
                }
            }
            rest = sum;
            digits.push(char::from(b'0' + digit));
        }
        let sign = if self.numerator < 0 { "-" } else { "" };
        let point = if digits.is_empty() { "" } else { "." };
        (format!("{sign}{}{point}{digits}", self.numerator.unsigned_abs() / denominator), exact)
    }
}

impl fmt::Display for Rational {
    /// 12, or 7/3.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator)?;
        if self.denominator != 1 {
            write!(f, "/{}", self.denominator)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Rational {
        Rational::parse(text).unwrap()
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(number("0.1").add(number("0.2")), Ok(number("0.3")));
        assert_eq!(number("2").power(number("100")).unwrap().to_string(), "1267650600228229401496703205376");
        assert_eq!(number("1").divide(number("8")).unwrap().decimal(), ("0.125".into(), true));
        assert_eq!(number("7").divide(number("3")).unwrap().negate().decimal(), ("-2.333333333333333".into(), false));
        let smallest = Rational::new(1, i128::MAX).unwrap();
        assert_eq!(smallest.decimal(), ("0.000000000000000".into(), false));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let largest = Rational::new(i128::MAX, 1).unwrap();
        assert_eq!(largest.add(number("1")), Err(TOO_LARGE));
        assert_eq!(largest.multiply(number("2")), Err(TOO_LARGE));
        assert_eq!(Rational::new(i128::MIN, 1), Err(TOO_LARGE));
        assert_eq!(number("2").power(number("1000000000000")), Err(TOO_LARGE));
        assert_eq!(number("1").negate().power(number("99999999999999999999999999999999999999")), Ok(number("1").negate()));
        assert_eq!(Rational::parse(&"9".repeat(40)), Err(TOO_LARGE));
        assert_eq!(number("1").divide(number("0")), Err("division by zero"));
        assert_eq!(number("0").power(number("1").negate()), Err("division by zero"));
    }
}
