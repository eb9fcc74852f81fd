//! What tokens cost, for agents that don't say: a table that the user writes. docket brings no prices of its own, since they change.

use serde::{Deserialize, Serialize};

use super::item::Usage;

/// What the tokens of a model cost, in US dollars per million.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Input tokens that came from no cache.
    pub input: f64,
    /// Input tokens that came from a cache; `None`: they cost what the others cost.
    pub cached: Option<f64>,
    /// Output tokens, reasoning included.
    pub output: f64,
}

impl Price {
    /// What this usage costs, in US dollars.
    pub fn cost(&self, usage: &Usage) -> f64 {
        const MILLION: f64 = 1_000_000.0;
        let cached = usage.cached.min(usage.input);
        let fresh = usage.input - cached;
        let price_of_cached = self.cached.unwrap_or(self.input);
        (fresh as f64 * self.input
            + cached as f64 * price_of_cached
            + usage.output as f64 * self.output)
            / MILLION
    }
}

/// The prices of models, by name. A name that ends in `*` stands for every model that begins so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prices(Vec<(String, Price)>);

impl Prices {
    /// What this usage costs with `model`, in US dollars; `None` when nobody gave a price. The exact name wins, then the
    /// longest beginning.
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<f64> {
        self.price(model).map(|price| price.cost(usage))
    }

    /// The price that holds for `model`.
    pub fn price(&self, model: &str) -> Option<Price> {
        let exact = self.0.iter().find(|(name, _)| name == model);
        let beginning = |name: &str| {
            let start = name.strip_suffix('*')?;
            model.starts_with(start).then_some(start.len())
        };
        let longest = || {
            self.0
                .iter()
                .filter_map(|entry| beginning(&entry.0).map(|length| (length, entry)))
                .max_by_key(|(length, _)| *length)
                .map(|(_, entry)| entry)
        };
        exact.or_else(longest).map(|(_, price)| *price)
    }

    /// Whether there is no price at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Price)> for Prices {
    fn from_iter<I: IntoIterator<Item = (String, Price)>>(prices: I) -> Self {
        Self(prices.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices() -> Prices {
        let price = |input, cached, output| Price {
            input,
            cached,
            output,
        };
        [
            ("gpt-5*", price(1.0, None, 2.0)),
            ("gpt-5.5*", price(10.0, Some(1.0), 20.0)),
            ("gpt-5.5-mini", price(0.1, Some(0.01), 0.2)),
            ("*", price(100.0, None, 100.0)),
        ]
        .map(|(name, price)| (name.to_owned(), price))
        .into_iter()
        .collect()
    }

    fn usage(input: u64, cached: u64, output: u64) -> Usage {
        Usage {
            input,
            cached,
            output,
            ..Usage::default()
        }
    }

    #[track_caller]
    fn costs(model: &str, usage: &Usage, expected: f64) {
        let cost = prices().cost(model, usage).expect("a price");
        assert!((cost - expected).abs() < 1e-9, "{model}: {cost}");
    }

    #[test]
    fn the_exact_name_wins_then_the_longest_beginning() {
        let million = usage(1_000_000, 0, 0);
        costs("gpt-5.5-mini", &million, 0.1);
        costs("gpt-5.5-large", &million, 10.0);
        costs("gpt-5", &million, 1.0);
        costs("claude", &million, 100.0);
        assert_eq!(Prices::default().cost("gpt-5", &million), None);
    }

    #[test]
    fn cached_input_has_a_price_of_its_own_or_that_of_input() {
        costs(
            "gpt-5.5",
            &usage(1200, 1000, 34),
            (2000.0 + 1000.0 + 680.0) / 1e6,
        );
        costs("gpt-5", &usage(1200, 1000, 34), (1200.0 + 68.0) / 1e6);
        costs("gpt-5", &usage(0, 0, 0), 0.0);
        // An agent that counts the cached part beside the input.
        costs("gpt-5", &usage(10, 1000, 0), 10.0 / 1e6);
    }
}
