using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Host;

/// <summary>A network namespace of this host (network_namespaces(7)).</summary>
/// <remarks>What is opened inside stays there: a socket or TAP keeps the namespace of the thread that opened it.</remarks>
public static class NetworkNamespace
{
    private const string Named = "/run/netns/";

    /// <summary>Runs something inside a namespace, on a thread of its own that ends with it: threads of the pool stay where they
    /// are. Blocks until it is done.</summary>
    /// <param name="which">A name as <c>ip netns</c> gives it, the id of a process that is in the namespace, or a path; null for the
    /// present one.</param>
    /// <param name="inside">What to do. Its exceptions come out as they are.</param>
    /// <returns>What it returns.</returns>
    /// <exception cref="LinkException">There is no such namespace, or no right to enter it.</exception>
    public static T Run<T>(string? which, Func<T> inside)
    {
        if (which is null)
            return inside();
        using SafeFileHandle handle = Native.Open(PathOf(which), Native.OpenCloexec);
        if (handle.IsInvalid)
            throw new LinkException(Describe(which, Marshal.GetLastPInvokeError()));
        return Run(handle, which, inside);
    }

    /// <summary>The same, inside a namespace that is open already.</summary>
    internal static T Run<T>(SafeFileHandle handle, string which, Func<T> inside)
    {
        T result = default!;
        ExceptionDispatchInfo? thrown = null;
        Thread thread = new(() =>
        {
            try
            {
                if (Native.SetNamespace(handle, Native.CloneNewNet) != 0)
                    throw new LinkException(Describe(which, Marshal.GetLastPInvokeError()));
                result = inside();
            }
            catch (Exception e)
            {
                thrown = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = "namespace " + which, IsBackground = true };
        thread.Start();
        thread.Join();
        thrown?.Throw();
        return result;
    }

    private static string PathOf(string which) =>
        which.Contains('/', StringComparison.Ordinal) ? which
        : int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out int process) ? $"/proc/{process}/ns/net"
        : Named + which;

    private static string Describe(string which, int error)
    {
        string path = PathOf(which);
        return error switch
        {
            Native.Enoent when path.StartsWith(Named, StringComparison.Ordinal) => $"there is no network namespace '{which}' ({path}); make it with: ip netns add {which}",
            Native.Enoent when path.StartsWith("/proc/", StringComparison.Ordinal) => $"there is no process {which} whose network namespace could be entered ({path})",
            Native.Eperm or Native.Eacces => $"network namespace '{which}' may not be entered ({path}); run fabric as root (CAP_SYS_ADMIN)",
            Native.Einval => $"'{which}' is no network namespace ({path})",
            _ => $"network namespace '{which}' cannot be entered ({path}): {Marshal.GetPInvokeErrorMessage(error)}",
        };
    }
}
