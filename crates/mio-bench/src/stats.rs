//! Medians and quartiles.

/// The median and the quartiles of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The lower quartile.
    pub low: f64,
    /// The median.
    pub middle: f64,
    /// The upper quartile.
    pub high: f64,
}

impl Spread {
    /// Returns `None` if there are no values.
    pub fn of(values: &[f64]) -> Option<Spread> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        // Interpolates between two values.
        let at = |part: f64| {
            let place = part * last as f64;
            let (below, rest) = (place.floor() as usize, place.fract());
            sorted[below] + rest * (sorted[(below + 1).min(last)] - sorted[below])
        };
        Some(Spread {
            low: at(0.25),
            middle: at(0.5),
            high: at(0.75),
        })
    }

    /// Returns half the distance between the quartiles.
    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn quarters() {
        let spread = Spread::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).expect("values");
        assert_eq!((spread.low, spread.middle, spread.high), (2.0, 3.0, 4.0));
        assert_eq!(Spread::of(&[2.0, 1.0]).expect("values").middle, 1.5);
        assert_eq!(Spread::of(&[]), None);
    }
}
