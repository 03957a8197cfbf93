"""The command as a module, so that it can start itself again."""

from fengkong.cli.main import main

if __name__ == "__main__":
    main()
