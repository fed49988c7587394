using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Cli;

/// <summary>The terminal in raw mode: every key goes to the guest, Ctrl-C too. The former mode comes back on disposal, and when the
/// process is ended by a signal.</summary>
internal sealed class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private readonly Native.Termios _former;
    private readonly PosixSignalRegistration _hangUp;
    private bool _isRaw;

    private RawTerminal(Native.Termios former)
    {
        _former = former;
        _isRaw = true;
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Restore());
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        // Console's own stream would read lines and echo; this one reads what the terminal gives.
        Input = new FileStream(new SafeFileHandle(StandardInput, ownsHandle: false), FileAccess.Read, bufferSize: 0);
    }

    /// <summary>Keys as the terminal sends them.</summary>
    public Stream Input { get; }

    public static RawTerminal Enter()
    {
        if (Native.tcgetattr(StandardInput, out Native.Termios former) != 0)
            throw new CliException($"the terminal's mode cannot be read: {Marshal.GetLastPInvokeErrorMessage()}");
        Native.Termios raw = former;
        Native.cfmakeraw(ref raw);
        if (Native.tcsetattr(StandardInput, Native.Now, raw) != 0)
            throw new CliException($"the terminal cannot be put in raw mode: {Marshal.GetLastPInvokeErrorMessage()}");
        return new RawTerminal(former);
    }

    public void Dispose()
    {
        Restore();
        _hangUp.Dispose();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
    }

    private void OnExit(object? sender, EventArgs e) => Restore();

    private void Restore()
    {
        if (_isRaw)
            _ = Native.tcsetattr(StandardInput, Native.Now, _former);
        _isRaw = false;
    }
}
