namespace Fabric.SideBySide;

/// <summary>Takes figures in turns and prints medians and ratios.</summary>
internal static class Comparison
{
    /// <summary>Runs a comparison.</summary>
    /// <param name="title">What is measured.</param>
    /// <param name="unit">Of the figures.</param>
    /// <param name="higherIsBetter">True for rates, false for times. A ratio above 1 always means that the first is better.</param>
    /// <param name="rounds">How often each is measured.</param>
    /// <param name="contestants">The first is compared with each of the others.</param>
    /// <returns>The ratios: figure, other's name, ratio of the medians.</returns>
    public static IReadOnlyList<(string Figure, string Other, double Ratio)> Run(
        string title, string unit, bool higherIsBetter, int rounds, params IReadOnlyList<Contestant> contestants)
    {
        Dictionary<(string Figure, string Contestant), List<double>> samples = [];
        List<string> figures = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach (Contestant contestant in contestants)
            {
                foreach ((string figure, double value) in contestant.Measure())
                {
                    if (!figures.Contains(figure))
                        figures.Add(figure);
                    if (!samples.TryGetValue((figure, contestant.Name), out List<double>? taken))
                        samples[(figure, contestant.Name)] = taken = [];
                    taken.Add(value);
                }

                Console.Error.WriteLine($"  round {round + 1} of {rounds}: {contestant.Name} done");
            }
        }

        Console.WriteLine($"{title} (medians of {rounds} rounds, {unit})");
        List<(string, string, double)> ratios = [];
        foreach (string figure in figures)
        {
            string line = $"  {figure,-24}";
            double ours = Median(samples[(figure, contestants[0].Name)]);
            line += $" {contestants[0].Name} {ours:0.###}";
            foreach (Contestant other in contestants.Skip(1))
            {
                if (!samples.TryGetValue((figure, other.Name), out List<double>? theirs))
                    continue;
                double ratio = higherIsBetter ? ours / Median(theirs) : Median(theirs) / ours;
                ratios.Add((figure, other.Name, ratio));
                line += $" | {other.Name} {Median(theirs):0.###} -> {ratio:0.00} x";
            }

            Console.WriteLine(line);
        }

        return ratios;
    }

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
