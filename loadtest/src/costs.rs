//! What each kind of operation costs, where only the sum is measured: the kinds come in other proportions in each slice of
//! time, and the costs are those that explain the CPU of all slices best. It does not know what the kinds are.

/// A determinant that is so much smaller than its terms is none.
const LEAST_PIVOT: f64 = 1e-6;

/// A slice of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice<const N: usize> {
    /// Operations of each kind.
    pub done: [f64; N],
    /// CPU of the server meanwhile, µs.
    pub cpu_us: f64,
}

/// CPU of one operation of each kind, µs, by least squares. `None` where the slices do not tell the kinds apart, or tell
/// that a kind costs less than nothing.
pub(crate) fn of<const N: usize>(slices: &[Slice<N>]) -> Option<[f64; N]> {
    let mut rows = [[0.0; N]; N];
    let mut sums = [0.0; N];
    for slice in slices {
        for (i, row) in rows.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                *cell += slice.done[i] * slice.done[j];
            }
            sums[i] += slice.done[i] * slice.cpu_us;
        }
    }
    solve(rows, sums).filter(|costs| costs.iter().all(|cost| *cost >= 0.0))
}

/// Gauss with the largest pivot of each column.
fn solve<const N: usize>(mut rows: [[f64; N]; N], mut sums: [f64; N]) -> Option<[f64; N]> {
    let scale = rows.iter().flatten().fold(0.0_f64, |most, cell| most.max(cell.abs()));
    for column in 0..N {
        let pivot = (column..N).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        if rows[pivot][column].abs() <= LEAST_PIVOT * scale {
            return None;
        }
        rows.swap(column, pivot);
        sums.swap(column, pivot);
        for row in (0..N).filter(|row| *row != column) {
            let share = rows[row][column] / rows[column][column];
            let above = rows[column];
            rows[row].iter_mut().zip(above).for_each(|(cell, above)| *cell -= share * above);
            sums[row] -= share * sums[column];
        }
    }
    Some(std::array::from_fn(|i| sums[i] / rows[i][i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_found_from_sums() {
        let costs = [40.0, 200.0, 30.0];
        // The clock of CPU ticks: each slice is off by up to a hundredth.
        let off = [1.0, 0.99, 1.01, 1.0, 1.005, 0.995];
        let done = [[980.0, 20.0, 0.0], [820.0, 180.0, 0.0], [900.0, 100.0, 700.0]];
        let slices: Vec<Slice<3>> = (0..60)
            .map(|n| {
                let done = done[n % 3];
                let sum: f64 = done.iter().zip(costs).map(|(done, cost)| done * cost).sum();
                Slice { done, cpu_us: sum * off[n % off.len()] }
            })
            .collect();
        let found = of(&slices).expect("three kinds in three proportions");
        assert!(found.iter().zip(costs).all(|(found, cost)| (found / cost - 1.0).abs() < 0.06), "{found:?}");
    }

    #[test]
    fn what_always_comes_together_cannot_be_told_apart() {
        let slices = [1.0, 2.0, 3.0].map(|n| Slice { done: [9.0 * n, n], cpu_us: 500.0 * n });
        assert_eq!(of(&slices), None);
        assert_eq!(of::<2>(&[]), None);
        let nonsense = [Slice { done: [1.0, 0.0], cpu_us: 10.0 }, Slice { done: [1.0, 1.0], cpu_us: 5.0 }];
        assert_eq!(of(&nonsense), None);
    }
}
