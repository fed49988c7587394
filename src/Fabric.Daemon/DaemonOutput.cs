using Microsoft.Win32.SafeHandles;

namespace Fabric.Daemon;

/// <summary>Where a detached daemon's standard streams go once it has nobody to talk to.</summary>
/// <param name="log">The log file.</param>
public sealed class DaemonOutput(SafeFileHandle log)
{
    /// <summary>Points standard input at nothing and both outputs at the log, so that neither a closed pipe nor the terminal is touched
    /// again, and a crash of the runtime leaves its trace in the log.</summary>
    public void DetachStandardStreams()
    {
        using SafeFileHandle nothing = File.OpenHandle("/dev/null");
        Native.RedirectStandardStreams(nothing, log);
    }
}
