using System.Runtime.CompilerServices;

namespace Fabric.TestKit;

/// <summary>Gives the pool threads enough for tests that hold some of them.</summary>
/// <remarks>Tests wait for other programs on threads of the process's pool, and the timers of what they test need such threads as well. By
/// itself the pool begins with one for each core and adds one or two a second: on a machine with two cores, timers came seconds late.</remarks>
internal static class PoolThreads
{
    private const int Least = 64;

    /// <summary>Run before the first test of the assembly.</summary>
#pragma warning disable CA2255 // Not a library: the tests are the application.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Reserve()
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Least), completions);
    }
}
