namespace Fabric.Topology;

/// <summary>Finds what a user probably meant.</summary>
public static class NearestName
{
    /// <summary>The candidate with the smallest edit distance, if it is near enough to be meant.</summary>
    /// <param name="wrong">What the user wrote.</param>
    /// <param name="candidates">What would have been right.</param>
    /// <returns>The nearest candidate, or null when none is within a third of its length (at least two edits).</returns>
    public static string? Find(string wrong, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(wrong);
        ArgumentNullException.ThrowIfNull(candidates);
        string? best = null;
        int bestDistance = int.MaxValue;
        foreach (string candidate in candidates)
        {
            int distance = Distance(wrong, candidate);
            if (distance < bestDistance && distance <= Math.Max(2, candidate.Length / 3) && distance < candidate.Length)
                (best, bestDistance) = (candidate, distance);
        }

        return best;
    }

    /// <summary>Optimal string alignment distance: insert, delete, replace, swap neighbours; letter case costs nothing.</summary>
    private static int Distance(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) d[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = Same(a[i - 1], b[j - 1]) ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }

        return d[a.Length, b.Length];
    }

    private static bool Same(char x, char y) => char.ToLowerInvariant(x) == char.ToLowerInvariant(y);
}
