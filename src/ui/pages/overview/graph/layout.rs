//! Where boxes and lines of a graph of dependencies go: layers from left to right, orthogonal lines between them.
//!
//! Each layer holds what depends on layers to its left (the longest path counts). Boxes of neighbouring layers stand on rows of
//! different parity: so what leaves a box and what enters one never share a row between two layers, and lines only ever cross
//! at right angles. A line that passes a layer has a place in it as a box would have.

use std::collections::BTreeMap;

/// A graph with places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// For each node: its column and row.
    pub(super) places: Vec<(usize, usize)>,
    /// For each node: its layer. Nodes without any line have none.
    pub(super) layers: Vec<Option<usize>>,
    pub(super) lines: Vec<Stretch>,
    pub(super) joins: Vec<Join>,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// A straight piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// First column and row.
    pub(super) from: (usize, usize),
    /// Last column and row; one of both is the same.
    pub(super) to: (usize, usize),
    /// Whose line it is.
    pub(super) ends: Ends,
}

/// Which nodes a piece belongs to: it leaves one, or it enters one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// It leaves this node.
    Leaves(usize),
    /// It enters this node.
    Enters(usize),
}

/// A place where pieces meet: to which sides they go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four sides")]
pub(super) struct Join {
    pub(super) at: (usize, usize),
    pub(super) up: bool,
    pub(super) down: bool,
    pub(super) left: bool,
    pub(super) right: bool,
    pub(super) ends: Ends,
}

/// Something with a place in a layer: a node, or a line that passes.
#[derive(Debug, Clone)]
struct Vertex {
    node: usize,
    passes: bool,
    layer: usize,
    row: usize,
    /// What it leads to in the next layer.
    targets: Vec<usize>,
    /// What leads to it.
    sources: Vec<usize>,
}

/// Lays a graph out: node `i` is `widths[i]` columns wide and depends on `needs[i]`. Nodes without any dependency go below,
/// as many in a row as `room` columns hold. Always gives the same for the same.
pub(super) fn layout(widths: &[usize], needs: &[Vec<usize>], room: usize) -> Layout {
    let count = widths.len();
    let mut result = Layout {
        places: vec![(0, 0); count],
        layers: vec![None; count],
        ..Layout::default()
    };
    let edges = without_circles(needs, count);
    for part in parts(&edges, count) {
        if part.len() > 1 {
            place_part(&part, &edges, widths, &mut result);
        }
    }
    place_lone(widths, room, &mut result);
    result
}

/// For each node what depends on it; a dependency that would close a circle is turned round.
fn without_circles(needs: &[Vec<usize>], count: usize) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; count];
    let mut edges = vec![Vec::new(); count];
    for root in 0..count {
        if states[root] != State::New {
            continue;
        }
        states[root] = State::Open;
        let mut stack = vec![(root, 0)];
        while let Some((node, next)) = stack.pop() {
            let Some(&need) = needs[node].get(next) else {
                states[node] = State::Done;
                continue;
            };
            stack.push((node, next + 1));
            if need >= count || need == node {
                continue;
            }
            match states[need] {
                State::Open => edges[node].push(need),
                State::Done => edges[need].push(node),
                State::New => {
                    edges[need].push(node);
                    states[need] = State::Open;
                    stack.push((need, 0));
                }
            }
        }
    }
    for targets in &mut edges {
        targets.sort_unstable();
        targets.dedup();
    }
    edges
}

/// The parts that hang together, each in order; parts in the order of their first nodes.
fn parts(edges: &[Vec<usize>], count: usize) -> Vec<Vec<usize>> {
    let mut beside = vec![Vec::new(); count];
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            beside[from].push(to);
            beside[to].push(from);
        }
    }
    let mut seen = vec![false; count];
    let mut parts = Vec::new();
    for root in 0..count {
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        let mut part = vec![root];
        let mut next = 0;
        while let Some(&node) = part.get(next) {
            next += 1;
            for &other in &beside[node] {
                if !std::mem::replace(&mut seen[other], true) {
                    part.push(other);
                }
            }
        }
        part.sort_unstable();
        parts.push(part);
    }
    parts
}

fn place_part(part: &[usize], edges: &[Vec<usize>], widths: &[usize], result: &mut Layout) {
    let (mut vertices, mut layers) = vertices(part, edges);
    order(&mut vertices, &mut layers);
    assign_rows(&mut vertices, &layers);
    // Rows keep their parity: parts begin at even ones.
    let gap = usize::from(result.rows > 0);
    let top = (result.rows + gap).next_multiple_of(2);
    let mut left = 0;
    for layer in &layers {
        let boxes = layer.iter().filter(|&&vertex| !vertices[vertex].passes);
        let width = boxes.map(|&vertex| widths[vertices[vertex].node]).max();
        let width = width.unwrap_or(1);
        let tracks = tracks(layer, &vertices);
        let used = tracks.values().copied().max().map_or(0, |last| last + 1);
        let next = left + width + used + 2;
        for &vertex in layer {
            let Vertex {
                node, passes, row, ..
            } = vertices[vertex];
            let row = top + row;
            if !passes {
                result.places[node] = (left, row);
                result.layers[node] = Some(vertices[vertex].layer);
                result.columns = result.columns.max(left + widths[node]);
            }
            result.rows = result.rows.max(row + 1);
            let Some(&track) = tracks.get(&vertex) else {
                continue;
            };
            let begins = if passes { left } else { left + widths[node] };
            connect(
                &vertices,
                vertex,
                (begins, left + width + 1 + track, next),
                top,
                result,
            );
        }
        // Lines into one box share its row: one piece from the first of them to the box.
        enter(
            layer,
            &vertices,
            &tracks,
            (left + width + 1, next),
            top,
            result,
        );
        left = next;
    }
}

/// The nodes of a part in layers, and lines that pass layers as vertices of their own.
fn vertices(part: &[usize], edges: &[Vec<usize>]) -> (Vec<Vertex>, Vec<Vec<usize>>) {
    let place: BTreeMap<usize, usize> = part.iter().copied().zip(0..).collect();
    let mut indegree = vec![0; part.len()];
    for node in part {
        for to in &edges[*node] {
            indegree[place[to]] += 1;
        }
    }
    let mut layer = vec![0; part.len()];
    let mut ready: Vec<usize> = (0..part.len()).filter(|at| indegree[*at] == 0).collect();
    let mut next = 0;
    while let Some(&at) = ready.get(next) {
        next += 1;
        for to in &edges[part[at]] {
            let to = place[to];
            layer[to] = layer[to].max(layer[at] + 1);
            indegree[to] -= 1;
            if indegree[to] == 0 {
                ready.push(to);
            }
        }
    }
    let vertex = |node, passes, layer| Vertex {
        node,
        passes,
        layer,
        row: 0,
        targets: Vec::new(),
        sources: Vec::new(),
    };
    let mut vertices: Vec<Vertex> = part
        .iter()
        .zip(&layer)
        .map(|(node, layer)| vertex(*node, false, *layer))
        .collect();
    for at in 0..part.len() {
        let mut targets: Vec<usize> = edges[part[at]].iter().map(|to| place[to]).collect();
        targets.sort_by_key(|to| (layer[*to], *to));
        // The vertex of this line in the layer before the target's: one line serves all targets.
        let mut last = at;
        for to in targets {
            while vertices[last].layer + 1 < layer[to] {
                let passing = vertices.len();
                vertices.push(vertex(part[at], true, vertices[last].layer + 1));
                vertices[last].targets.push(passing);
                vertices[passing].sources.push(last);
                last = passing;
            }
            vertices[last].targets.push(to);
            vertices[to].sources.push(last);
        }
    }
    let depth = vertices.iter().map(|vertex| vertex.layer + 1).max();
    let mut layers = vec![Vec::new(); depth.unwrap_or(0)];
    for (at, vertex) in vertices.iter().enumerate() {
        layers[vertex.layer].push(at);
    }
    (vertices, layers)
}

/// Orders each layer by the middle of its neighbours, there and back a few times: fewer lines cross.
fn order(vertices: &mut [Vertex], layers: &mut [Vec<usize>]) {
    let place_in = |vertices: &mut [Vertex], layer: &[usize]| {
        for (row, vertex) in layer.iter().enumerate() {
            vertices[*vertex].row = row;
        }
    };
    for layer in layers.iter() {
        place_in(vertices, layer);
    }
    for sweep in 0..6 {
        let forth = sweep % 2 == 0;
        let count = layers.len();
        for step in 1..count {
            let at = if forth { step } else { count - 1 - step };
            let layer = &mut layers[at];
            let middle = |vertex: &usize| {
                let beside = if forth {
                    &vertices[*vertex].sources
                } else {
                    &vertices[*vertex].targets
                };
                let sum: usize = beside.iter().map(|other| vertices[*other].row).sum();
                match beside.len() {
                    0 => vertices[*vertex].row * 1_000,
                    count => sum * 1_000 / count,
                }
            };
            layer.sort_by_cached_key(|vertex| (middle(vertex), *vertex));
            place_in(vertices, layer);
        }
    }
}

/// Rows: in order, two apart, of the layer's parity, and near to what leads there.
fn assign_rows(vertices: &mut [Vertex], layers: &[Vec<usize>]) {
    for (number, layer) in layers.iter().enumerate() {
        let parity = number % 2;
        let mut free = parity;
        for vertex in layer {
            let sources = &vertices[*vertex].sources;
            let sum: usize = sources.iter().map(|source| vertices[*source].row).sum();
            let wanted = sum.checked_div(sources.len()).unwrap_or(0);
            let wanted = wanted - wanted.min((wanted + parity) % 2);
            let wanted = wanted + (wanted + parity) % 2;
            let row = free.max(wanted);
            vertices[*vertex].row = row;
            free = row + 2;
        }
    }
}

/// The rows between which a vertex has an upright line.
fn extent(vertex: &Vertex, vertices: &[Vertex]) -> (usize, usize) {
    let rows = vertex.targets.iter().map(|target| vertices[*target].row);
    rows.fold((vertex.row, vertex.row), |(least, most), row| {
        (least.min(row), most.max(row))
    })
}

/// For each vertex with targets: the track of its upright line. Lines that don't meet share a track.
fn tracks(layer: &[usize], vertices: &[Vertex]) -> BTreeMap<usize, usize> {
    let mut wanted: Vec<_> = layer
        .iter()
        .filter(|vertex| !vertices[**vertex].targets.is_empty())
        .map(|vertex| (extent(&vertices[*vertex], vertices), *vertex))
        .collect();
    wanted.sort_unstable();
    let mut ends: Vec<usize> = Vec::new();
    let mut tracks = BTreeMap::new();
    for ((least, most), vertex) in wanted {
        let free = ends.iter().position(|end| *end < least);
        let track = free.unwrap_or(ends.len());
        if track == ends.len() {
            ends.push(most);
        } else {
            ends[track] = most;
        }
        tracks.insert(vertex, track);
    }
    tracks
}

/// What leaves a vertex: level to its track, and upright there.
fn connect(
    vertices: &[Vertex],
    vertex: usize,
    (begins, track, _next): (usize, usize, usize),
    top: usize,
    result: &mut Layout,
) {
    let from = &vertices[vertex];
    let ends = Ends::Leaves(from.node);
    let row = top + from.row;
    let (least, most) = extent(from, vertices);
    result.lines.push(Stretch {
        from: (begins, row),
        to: (track, row),
        ends,
    });
    result.lines.push(Stretch {
        from: (track, top + least),
        to: (track, top + most),
        ends,
    });
    result.joins.push(Join {
        at: (track, row),
        up: least < from.row,
        down: most > from.row,
        left: true,
        right: false,
        ends,
    });
}

/// What enters the vertices of the next layer.
fn enter(
    layer: &[usize],
    vertices: &[Vertex],
    tracks: &BTreeMap<usize, usize>,
    (first, next): (usize, usize),
    top: usize,
    result: &mut Layout,
) {
    let mut entering: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for source in layer {
        if let Some(track) = tracks.get(source) {
            for target in &vertices[*source].targets {
                entering.entry(*target).or_default().push((*track, *source));
            }
        }
    }
    for (target, mut lines) in entering {
        lines.sort_unstable();
        let to = &vertices[target];
        // A line that only passes is still the one of the node that it comes from.
        let ends = if to.passes {
            Ends::Leaves(to.node)
        } else {
            Ends::Enters(to.node)
        };
        let row = top + to.row;
        for (place, (track, source)) in lines.iter().enumerate() {
            let (least, most) = extent(&vertices[*source], vertices);
            result.joins.push(Join {
                at: (first + track, row),
                up: least < to.row,
                down: most > to.row,
                left: place > 0,
                right: true,
                ends: Ends::Leaves(vertices[*source].node),
            });
        }
        if let Some((track, _)) = lines.first() {
            result.lines.push(Stretch {
                from: (first + track, row),
                to: (next - 1, row),
                ends,
            });
        }
    }
}

/// Nodes without any line, below all others.
fn place_lone(widths: &[usize], room: usize, result: &mut Layout) {
    let mut row = if result.rows == 0 { 0 } else { result.rows + 1 };
    let mut column = 0;
    let room = room.max(result.columns);
    for (node, width) in widths.iter().enumerate() {
        if result.layers[node].is_some() {
            continue;
        }
        if column > 0 && column + width > room {
            column = 0;
            row += 1;
        }
        result.places[node] = (column, row);
        column += width + 1;
        result.columns = result.columns.max(column - 1);
        result.rows = result.rows.max(row + 1);
    }
}
