using Fabric.Link;

namespace Fabric.Cli.Serving;

/// <summary>The line <c>fabric serve net --json</c> prints for a port that brings in corrupted frames.</summary>
/// <param name="Event">Always <c>fault</c>.</param>
/// <param name="Name">Name of the port.</param>
/// <param name="Message">What is wrong, and what to do.</param>
/// <param name="Checked">TCP and UDP frames looked at.</param>
/// <param name="Contradictions">Those whose offload header contradicts them.</param>
/// <param name="WrongChecksums">Those with a wrong checksum.</param>
internal sealed record ServedFault(string Event, string Name, string Message, int Checked, int Contradictions, int WrongChecksums)
{
    public static ServedFault Of(ICheckedPort port)
    {
        OffloadCheck check = port.Check;
        int wrong = check.Contradictions + check.WrongChecksums;
        string message = $"port {port.Name} corrupts frames: of the first {check.Checked} TCP and UDP frames {wrong} came in wrong ({check.Contradictions} contradict their offload header, "
            + $"{check.WrongChecksums} have a wrong checksum); turn the sender's offloads off: ethtool -K INTERFACE tx off tso off gso off";
        return new ServedFault("fault", port.Name, message, check.Checked, check.Contradictions, check.WrongChecksums);
    }
}
