//! What a turn used, from figures of several scopes.

use serde_json::Value;

use super::fields::count;
use crate::domain::item::Usage;

/// Tokens in the provider's own form: `input_tokens` without what was read from or written to the cache. `qwen` counts
/// the cached ones in, and shows so by a `total_tokens` that is the plain sum.
pub(super) fn tokens(usage: &Value) -> Usage {
    let input = count(usage, "input_tokens");
    let output = count(usage, "output_tokens");
    let read = count(usage, "cache_read_input_tokens");
    let written = count(usage, "cache_creation_input_tokens");
    let cached_is_inside =
        usage.get("total_tokens").and_then(Value::as_u64) == Some(input.saturating_add(output));
    let reasoning = usage
        .get("output_tokens_details")
        .map_or(0, |details| count(details, "thinking_tokens"));
    Usage {
        input: if cached_is_inside {
            input
        } else {
            input.saturating_add(read).saturating_add(written)
        },
        cached: read,
        output,
        reasoning,
        cost_usd: None,
    }
}

/// Tokens and cost per model, added up.
fn per_model(models: &serde_json::Map<String, Value>) -> Usage {
    let mut sum = Usage::default();
    for model in models.values() {
        let cached = count(model, "cacheReadInputTokens");
        sum.add(&Usage {
            input: count(model, "inputTokens")
                .saturating_add(cached)
                .saturating_add(count(model, "cacheCreationInputTokens")),
            cached,
            output: count(model, "outputTokens"),
            reasoning: count(model, "thinkingTokens"),
            cost_usd: model.get("costUSD").and_then(Value::as_f64),
        });
    }
    sum
}

/// What one result reports of its own turn alone. `total` is the session's cost before it, and after it.
///
/// `model_usage_since_last_result` counts each call once, whatever the process and the sub-agent. Where it is absent the
/// tokens are those of the main conversation, and the cost is what the session's total grew by.
pub(super) fn of_result(result: &Value, total: &mut f64) -> Usage {
    let reported = result.get("total_cost_usd").and_then(Value::as_f64);
    let grown = reported.map(|now| {
        // A total that shrank was reset (`/clear`, or a start-up error that carries zeros).
        let grown = if now < *total { now } else { now - *total };
        if now > 0.0 {
            *total = now;
        }
        grown
    });
    if let Some(models) = result
        .get("model_usage_since_last_result")
        .and_then(Value::as_object)
    {
        let mut usage = per_model(models);
        usage.cost_usd = usage.cost_usd.or(reported.map(|_| 0.0));
        return usage;
    }
    let mut usage = result.get("usage").map(tokens).unwrap_or_default();
    usage.cost_usd = grown;
    usage
}
