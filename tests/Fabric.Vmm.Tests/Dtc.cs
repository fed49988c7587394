using System.ComponentModel;
using System.Diagnostics;

namespace Fabric.Vmm.Tests;

/// <summary>The device tree compiler, as an outside judge of our blobs.</summary>
internal static class Dtc
{
    /// <summary>Turns a blob into source. Skips the test without dtc; fails it when dtc finds a fault.</summary>
    internal static async Task<string> DecompileAsync(byte[] blob)
    {
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo("dtc", "-I dtb -O dts -W no-unit_address_vs_reg -")
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (Win32Exception)
        {
        }

        Skip.If(process == null, "dtc is not installed (apt install device-tree-compiler)");
        using (process)
        {
            await process.StandardInput.BaseStream.WriteAsync(blob);
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string source = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.Equal("", await errors);
            Assert.Equal(0, process.ExitCode);
            return source;
        }
    }
}
