//! What a turn used. ACP has no rule for it: each agent counts in its own way, and all of them come out as one.
//!
//! | agent | where | scope |
//! |---|---|---|
//! | codex-acp | `result.usage` | the turn; input without cached, output with thought |
//! | claude-agent-acp | `result.usage`; `usage_update.cost` | the turn; the session so far, over processes |
//! | opencode | `result.usage`; `usage_update.cost` | **the last step only**: a lower bound; the session so far, over processes |
//! | gemini | `result._meta.quota.token_count` | the turn, its router included |
//! | qwen | `_meta.usage` of empty message chunks | one call of the model each: they are added up |
//! | codex-acp (zed) | – | nothing |

use serde_json::Value;

use super::wire::text;
use crate::domain::item::Usage;

/// Counts over the turns of a conversation.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// What the conversation had cost when this turn began; `None` while nobody knows.
    cost_before: Option<f64>,
    /// What it has cost now, where the agent says so.
    cost: Option<f64>,
    /// The calls of this turn, for agents that tell of each.
    calls: Usage,
}

impl Meter {
    /// The conversation begins, or goes on with what it had cost before; `None` when that isn't known, and then the cost
    /// of the turn that comes isn't either.
    pub(super) fn conversation(&mut self, cost_before: Option<f64>) {
        *self = Self {
            cost_before,
            ..Self::default()
        };
    }

    /// A turn begins: what came before it is not its own.
    pub(super) fn begin(&mut self) {
        self.calls = Usage::default();
    }

    /// A `usage_update`. Outside of a turn it only tells what a conversation that was taken up had cost before.
    pub(super) fn update(&mut self, update: &Value, in_turn: bool) {
        let cost = &update["cost"];
        let Some(amount) = cost["amount"].as_f64() else {
            return;
        };
        if text(&cost["currency"]).is_some_and(|currency| !currency.eq_ignore_ascii_case("usd")) {
            return;
        }
        if in_turn {
            self.cost = Some(amount);
        } else if self.cost_before.is_none() {
            self.cost_before = Some(amount);
        }
    }

    /// The `_meta.usage` of one call of the model. Whether there was one.
    pub(super) fn call(&mut self, usage: &Value) -> bool {
        let used = tokens(usage);
        self.calls.add(&used.unwrap_or_default());
        used.is_some()
    }

    /// What the turn has used so far.
    pub(super) fn so_far(&self) -> Usage {
        Usage {
            cost_usd: self.turn_cost(),
            ..self.calls
        }
    }

    /// What the turn used, by the result of its prompt; the next one begins here.
    pub(super) fn finish(&mut self, result: &Value) -> Usage {
        let mut usage = tokens(&result["usage"])
            .or_else(|| (!self.calls.is_empty()).then_some(self.calls))
            .or_else(|| quota(&result["_meta"]["quota"]["token_count"]))
            .unwrap_or_default();
        usage.cost_usd = self.turn_cost();
        if self.cost.is_some() {
            self.cost_before = self.cost.take();
        }
        self.calls = Usage::default();
        usage
    }

    fn turn_cost(&self) -> Option<f64> {
        let (cost, before) = (self.cost?, self.cost_before?);
        // Less than before: the agent began to count again.
        Some(if cost < before { cost } else { cost - before })
    }
}

/// The protocol's own usage object. Agents disagree whether input includes what was cached and output what was thought;
/// the total tells, since exactly one reading adds up to it.
fn tokens(usage: &Value) -> Option<Usage> {
    let input = usage["inputTokens"].as_u64()?;
    let count = |name: &str| usage[name].as_u64().unwrap_or(0);
    let (cached, written) = (count("cachedReadTokens"), count("cachedWriteTokens"));
    let (output, thought) = (count("outputTokens"), count("thoughtTokens"));
    let all_input = input.saturating_add(cached).saturating_add(written);
    let all_output = output.saturating_add(thought);
    let readings = [
        (all_input, all_output),
        (all_input, output),
        (input, output),
        (input, all_output),
    ];
    let total = usage["totalTokens"].as_u64();
    let (input, output) = readings
        .into_iter()
        .find(|(input, output)| Some(input.saturating_add(*output)) == total)
        .unwrap_or(readings[0]);
    Some(Usage {
        input,
        cached,
        output,
        reasoning: thought,
        cost_usd: None,
    })
}

/// gemini's count, which says nothing of the cache.
fn quota(count: &Value) -> Option<Usage> {
    Some(Usage {
        input: count["input_tokens"].as_u64()?,
        output: count["output_tokens"].as_u64().unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_agents_figures_come_out_alike() {
        let codex = json!({"totalTokens":1234,"inputTokens":200,"cachedReadTokens":1000,"cachedWriteTokens":0,"outputTokens":34,"thoughtTokens":10});
        let opencode = json!({"inputTokens":200,"outputTokens":24,"totalTokens":1234,"thoughtTokens":10,"cachedReadTokens":1000});
        let qwen = json!({"inputTokens":1200,"outputTokens":34,"totalTokens":1234,"thoughtTokens":10,"cachedReadTokens":1000});
        for usage in [codex, opencode, qwen] {
            assert_eq!(
                tokens(&usage),
                Some(Usage {
                    input: 1200,
                    cached: 1000,
                    output: 34,
                    reasoning: 10,
                    cost_usd: None
                })
            );
        }
        let claude = json!({"inputTokens":1200,"outputTokens":34,"cachedReadTokens":1000,"cachedWriteTokens":0,"totalTokens":2234});
        assert_eq!(tokens(&claude).map(|usage| usage.input), Some(2200));
        assert_eq!(tokens(&json!(null)), None);
    }

    #[test]
    fn a_cost_that_goes_on_is_cut_into_turns() {
        let update = |amount: f64| json!({"cost": {"amount": amount, "currency": "USD"}});
        let mut meter = Meter::default();
        meter.conversation(Some(1.5));
        for (amount, own) in [(2.0, 0.5), (2.25, 0.25), (0.75, 0.75)] {
            meter.begin();
            meter.update(&update(amount), true);
            assert_eq!(meter.so_far().cost_usd, Some(own));
            assert_eq!(meter.finish(&json!({})).cost_usd, Some(own));
        }
        meter.begin();
        assert_eq!(meter.finish(&json!({})).cost_usd, None);
    }

    #[test]
    fn an_unknown_past_makes_one_turns_cost_unknown() {
        let update = |amount: f64| json!({"cost": {"amount": amount}});
        let mut meter = Meter::default();
        meter.conversation(None);
        meter.begin();
        meter.update(&update(2.0), true);
        assert_eq!(meter.finish(&json!({})).cost_usd, None);
        meter.begin();
        meter.update(&update(3.0), true);
        assert_eq!(meter.finish(&json!({})).cost_usd, Some(1.0));
        meter.conversation(None);
        meter.update(&update(3.0), false);
        meter.begin();
        meter.update(&update(3.5), true);
        assert_eq!(meter.finish(&json!({})).cost_usd, Some(0.5));
    }
}
