namespace Fabric.TestKit;

/// <summary>Weighs what is alive in this process. Only a test that runs alone may trust it.</summary>
public static class LiveMemory
{
    private const int Attempts = 20;
    private const int Quiet = 64 * 1024;

    /// <summary>Bytes of managed memory that are alive, once finalizers have run and two collections in a row have found about the same.</summary>
    public static long Settled()
    {
        long bytes = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Attempts; i++)
        {
            GC.WaitForPendingFinalizers();
            long again = GC.GetTotalMemory(forceFullCollection: true);
            if (Math.Abs(again - bytes) < Quiet)
                return again;
            bytes = again;
        }

        return bytes;
    }
}
