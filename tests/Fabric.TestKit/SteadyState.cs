namespace Fabric.TestKit;

/// <summary>Measures what code allocates once it has warmed up.</summary>
public static class SteadyState
{
    private const int Passes = 10;

    /// <summary>The fewest bytes that one of ten passes allocates on this thread. The runtime allocates now and then for itself (a method
    /// is compiled again, a lock is contended for the first time): code that allocates per request does so in every pass.</summary>
    /// <param name="rounds">Rounds in a pass.</param>
    /// <param name="round">What is measured.</param>
    /// <param name="prepare">Run before each round, not measured.</param>
    public static long LeastAllocated(int rounds, Action round, Action? prepare = null)
    {
        long least = long.MaxValue;
        for (int pass = 0; pass < Passes && least > 0; pass++)
        {
            long allocated = 0;
            for (int i = 0; i < rounds; i++)
            {
                prepare?.Invoke();
                long before = GC.GetAllocatedBytesForCurrentThread();
                round();
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            }

            least = Math.Min(least, allocated);
        }

        return least;
    }
}
